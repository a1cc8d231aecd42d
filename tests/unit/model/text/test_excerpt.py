"""Of long output, the beginning and the end are kept, and how much is missing is said."""

from __future__ import annotations

import pytest

from docket.model.excerpt import KEPT_BYTES, Excerpt


@pytest.mark.parametrize("step", [1000, KEPT_BYTES * 3])
@pytest.mark.parametrize("size", [0, 1, KEPT_BYTES // 2, KEPT_BYTES - 1, KEPT_BYTES])
def test_what_fits_is_kept_whole(size: int, step: int) -> None:
    data = bytes(ord("a") + n % 26 for n in range(size))
    excerpt = Excerpt()
    for begin in range(0, size, step):
        excerpt.feed(data[begin : begin + step])
    assert excerpt.text() == data.decode()


@pytest.mark.parametrize("step", [1, 7, 40, 100, 250, 1000])
def test_beginning_and_end_are_kept_however_the_output_comes(step: int) -> None:
    data = bytes(ord("a") + n % 23 for n in range(997))
    excerpt = Excerpt(kept_bytes=80)
    for begin in range(0, len(data), step):
        excerpt.feed(data[begin : begin + step])
    head, tail = data[:40].decode(), data[-40:].decode()
    assert excerpt.text() == f"{head}\n[docket: 917 bytes left out here]\n{tail}"


@pytest.mark.parametrize("over", [1, 5, 100_000])
def test_what_is_left_out_is_counted(over: int) -> None:
    excerpt = Excerpt()
    excerpt.feed(b"x" * (KEPT_BYTES + over))
    half = "x" * (KEPT_BYTES // 2)
    assert excerpt.text() == f"{half}\n[docket: {over} bytes left out here]\n{half}"

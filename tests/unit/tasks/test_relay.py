"""A program's output on its way through: nothing is lost, and progress says only what is new."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docket.tasks import rclone, rsync
from docket.tasks.relay import ProgressLine, Relay
from docket.tasks.stopping import StopRequest
from tests.searches import examples

RCLONE = [
    b"2026/11/24 14:13:50 NOTICE:     5.090 MiB / 28.610 MiB, 18%, 0 B/s, ETA -",
    b"2026/11/24 14:13:59 NOTICE:           0 B / 0 B, -, 0 B/s, ETA - (chk#36/3002)",
    b"2026/11/24 14:13:51 NOTICE:    15.090 MiB / 28.610 MiB, 53%, 10.207 MiB/s, ETA 1s (xfr#1/2)",
]
RSYNC = [
    b"     17,694,722  58%    7.85MB/s    0:00:01  ",
    b"              2   0%    0.00kB/s    0:00:00 (xfr#1, to-chk=3001/3003)",
    b"         17.69M  58%    7.85MB/s    0:00:01",
]


def relayed(
    chunks: list[bytes], progress: ProgressLine | None, every: float = 0.0
) -> tuple[bytes, str, list[float | None]]:
    """Return what comes out, what is kept, and the shares that are reported."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    shares: list[float | None] = []
    with StopRequest() as stop:
        relay = Relay(writer, stop, every, progress, lambda share, _: shares.append(share))
        for chunk in chunks:
            relay.feed(chunk, 1e12)
        relay.finish()
        assert not stop.asked
    os.close(writer)
    with open(reader, "rb") as file:
        return file.read(), relay.excerpt.text(), shares


@pytest.mark.parametrize("progress", [None, rclone.PROGRESS, rsync.PROGRESS])
@examples(200)
@given(chunks=st.lists(st.binary(max_size=40), max_size=20))
def test_what_is_not_progress_comes_out_as_it_went_in(
    progress: ProgressLine | None, chunks: list[bytes]
) -> None:
    chunks = [chunk.replace(b"\r", b"") for chunk in chunks]
    out, _, shares = relayed(chunks, progress)
    assert out == b"".join(chunks)
    assert shares == []


@pytest.mark.parametrize("line", [*RCLONE, *RSYNC])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_of_progress_is_known_however_it_comes_in(line: bytes, size: int) -> None:
    progress = rclone.PROGRESS if line in RCLONE else rsync.PROGRESS
    data = b"before\n" + line + (b"\n" if line in RCLONE else b"\r") + b"after\n"
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    out, kept, shares = relayed(chunks, progress)
    assert kept == "before\nafter\n"
    assert len(shares) == 1
    assert out.splitlines() in (
        [b"before", line.strip(), b"after"],
        [b"before", b"after", line.strip()],
    )


def test_numbers_that_only_repeat_are_reported_once() -> None:
    out, _, shares = relayed([RCLONE[0] + b"\n"] * 5, rclone.PROGRESS)
    assert out == RCLONE[0] + b"\n"
    assert shares == [0.18]


def test_progress_that_comes_too_fast_is_thinned_out() -> None:
    out, _, _ = relayed([b"%d  5%%  1kB/s  0:00:01\r" % n for n in range(99)], rsync.PROGRESS, 1e13)
    assert out == b""


def test_nobody_reading_is_a_request_to_stop() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with StopRequest() as stop:
        relay = Relay(writer, stop, 1.0, None, lambda _, __: None)
        relay.feed(b"x", 0.0)
        relay.feed(b"y", 0.0)
        assert stop.asked
    os.close(writer)
    assert relay.excerpt.text() == "xy"

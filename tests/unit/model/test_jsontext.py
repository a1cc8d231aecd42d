"""JSON of any depth is either read and written, or refused as a ValueError."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from docket.model.jsontext import DEEPEST_OUTPUT, depth, dumps, loads, loads_output
from docket.model.text.mask import Mask


def nested(levels: int) -> Any:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [99, 300, 900, 950, 985, 1000, 5000, 100_000])
def test_no_depth_raises_anything_but_a_value_error(levels: int) -> None:
    for use in (lambda: loads("[" * levels + "]" * levels), lambda: dumps(nested(levels))):
        with contextlib.suppress(ValueError):
            use()


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps(value)


def test_output_is_read_up_to_its_deepest_level() -> None:
    text = "[" * DEEPEST_OUTPUT + "]" * DEEPEST_OUTPUT
    assert depth(loads_output(text)) == DEEPEST_OUTPUT
    with pytest.raises(ValueError, match="nested more than 100 levels deep"):
        loads_output(f"[{text}]")
    assert len(loads_output("[" + "[]," * 5000 + "[]]")) == 5001


@pytest.mark.parametrize("levels", [99, 300, 900, 985, 5000])
def test_a_mask_hides_a_value_at_any_depth(levels: int) -> None:
    value: Any = "s3cret-t0ken"
    for _ in range(levels):
        value = {"in": value}
    shown = Mask(["s3cret-t0ken"]).value(value)
    assert depth(shown) <= 202

"""A config of twice the size takes twice the steps: lines of the loader that are executed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tests.unit.config.config_home import ConfigHome


def lines_executed(work: Callable[[], Any]) -> int:
    """Return how many lines of docket's code `work` executes."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if "docket" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def chain(size: int) -> dict[str, list[str]]:
    return {f"t{n}": [f"t{n + 1}"] if n + 1 < size else [] for n in range(size)}


def plain(size: int) -> dict[str, list[str]]:
    return {f"t{n}": [] for n in range(size)}


def circle(size: int) -> dict[str, list[str]]:
    return {f"t{n}": [f"t{(n + 1) % size}"] for n in range(size)}


def star(size: int) -> dict[str, list[str]]:
    return {"t0": [f"t{n}" for n in range(1, size)], **{f"t{n}": ["t0"] for n in range(1, size)}}


def unknown(size: int) -> dict[str, list[str]]:
    return {f"t{n}": [f"x{n}"] for n in range(size)}


@pytest.mark.parametrize("shape", [plain, chain, circle, star, unknown])
def test_dependencies_take_steps_in_proportion_to_their_number(
    home: ConfigHome, shape: Callable[[int], dict[str, list[str]]]
) -> None:
    def load(size: int) -> int:
        tasks = {
            name: {"type": "command", "command": "x", "depends_on": below}
            for name, below in shape(size).items()
        }
        return lines_executed(lambda: home.load({"tasks": tasks}))

    few, many = load(150), load(300)
    assert many < 2.4 * few


def test_a_number_in_base_60_is_read_only_as_long_as_a_number_is(home: ConfigHome) -> None:
    (problem,) = home.load("retention_days: 1" + ":1" * 600 + "\n").problems
    assert "more than 1000 characters" in problem.sentence


def test_a_long_circle_is_shown_by_its_beginning(home: ConfigHome) -> None:
    tasks = {
        name: {"type": "command", "command": "x", "depends_on": below}
        for name, below in circle(40).items()
    }
    config = home.load({"tasks": tasks})
    assert len(config.problems) == 40
    first = next(problem for problem in config.problems if problem.task == "t5")
    assert first.sentence.endswith("t15 -> t16 -> ... -> t5")

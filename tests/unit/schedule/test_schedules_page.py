"""docs/schedules.md says what is so: its examples are compiled, its list of codes is complete."""

from __future__ import annotations

import os
import re

import pytest

from docket.errors import ScheduleError
from tests.unit.schedule.timerlines import translate_expression

_ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")


def page() -> str:
    with open(os.path.join(_ROOT, "docs", "schedules.md"), encoding="utf-8") as file:
        return file.read()


def codes_in_source() -> set[str]:
    found: set[str] = set()
    directory = os.path.join(_ROOT, "docket", "schedule")
    for name in os.listdir(directory):
        if name.endswith(".py"):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                found.update(re.findall(r'"(schedule\.[a-z_]+)"', file.read()))
    return found


def test_every_example_of_cron_becomes_the_lines_beside_it() -> None:
    examples, _, _ = page().partition("What may surprise")
    rows = re.findall(r"^\| `([^`]+)` \| (`[^|]*[*][^|]*`) \|$", examples, re.MULTILINE)
    assert len(rows) == 7
    for expression, lines in rows:
        found = translate_expression(expression, None, machine_zone="UTC")
        assert found == [f"OnCalendar={line}" for line in re.findall(r"`([^`]+)`", lines)]


def test_every_example_of_a_refusal_gets_the_hint_beside_it() -> None:
    _, _, refusals = page().partition("computed from the expression")
    rows = re.findall(r"^\| `([^`]+)` \| (`[^`]+`[^:|]*)[^|]* \|$", refusals, re.MULTILINE)
    assert len(rows) == 6
    for expression, hint in rows:
        with pytest.raises(ScheduleError) as told:
            translate_expression(expression, None, machine_zone="UTC")
        assert told.value.hint == f"write {hint}"


def test_every_refusal_is_listed_and_none_that_does_not_exist() -> None:
    listed = set(re.findall(r"^\| `(schedule\.[a-z_]+)` \|", page(), re.MULTILINE))
    assert listed == codes_in_source()

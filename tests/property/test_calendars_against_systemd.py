"""systemd's own expressions: what is accepted, and when it elapses, is what systemd says."""

from __future__ import annotations

import random

import pytest

from docket.errors import ScheduleError
from docket.model.time.calendar import Calendar, next_after
from docket.schedule.emit import on_calendar, writable
from docket.schedule.oncalendar import OnCalendar, parse_on_calendar
from docket.schedule.repetition import aligned_calendars
from docket.schedule.zones import offsets_of
from tests.property.analyzer import PROGRAM, analyze
from tests.property.expressions import calendar_expression
from tests.unit.schedule.test_oncalendar import READINGS, REFUSED

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="systemd-analyze is not installed")

_BASE = 1_793_000_000
_FIRES = 4


def read(expression: str) -> OnCalendar | None:
    """Return the expression as read, None if it is refused as systemd should refuse it."""
    try:
        return parse_on_calendar(expression, "UTC")
    except ScheduleError as error:
        if error.code == "schedule.never_fires":
            return OnCalendar(expression, Calendar(years=(1970,), zone="UTC"), True, True)
        return None


def elapses(calendar: Calendar, n: int = _FIRES) -> tuple[int, ...]:
    found: list[int] = []
    at: int | None = _BASE * 1_000_000
    while len(found) < n:
        assert at is not None
        at = next_after(calendar, at, offsets_of(calendar.zone))
        if at is None:
            break
        found.append(at // 1_000_000)
    return tuple(found)


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_are_judged_and_evaluated_alike(seed: int) -> None:
    rng = random.Random(f"calendar {seed}")
    expressions = [calendar_expression(rng) for _ in range(1200)]
    accepted = 0
    for expression, verdict in zip(expressions, analyze(expressions, _BASE, _FIRES), strict=True):
        ours = read(expression)
        assert (ours is None) == (verdict is None), expression
        if ours is None or verdict is None:
            continue
        accepted += 1
        if ours.exact:
            assert elapses(ours.calendar) == verdict.elapses, expression
    assert accepted > 600


def test_what_is_written_again_elapses_as_it_is_evaluated() -> None:
    rng = random.Random("again")
    calendars = [
        part
        for expression in (calendar_expression(rng) for _ in range(1500))
        if (ours := read(expression)) is not None
        for part in writable(ours.calendar)
    ]
    verdicts = analyze([on_calendar(calendar) for calendar in calendars], _BASE, _FIRES)
    for calendar, verdict in zip(calendars, verdicts, strict=True):
        assert verdict is not None, on_calendar(calendar)
        assert verdict.elapses == elapses(calendar), on_calendar(calendar)


def test_systemd_itself_loses_runs_of_a_repetition_without_an_end() -> None:
    """The reason why such a text is never installed; when this fails, the bug is gone."""
    (verdict,) = analyze(["*:0/8"], 1_793_058_900, 2)  # 2026-10-26 23:55 UTC
    assert verdict is not None
    assert [instant % 86_400 for instant in verdict.elapses] == [23 * 3600 + 56 * 60, 8 * 60]


def test_the_written_form_is_a_fixed_point_of_systemds_own() -> None:
    written = list(READINGS.values())
    for text, verdict in zip(written, analyze(written, _BASE, 1), strict=True):
        assert verdict is not None, text
        assert verdict.normalized.strip() == text


def test_the_examples_of_the_unit_tests_are_systemds_opinion_too() -> None:
    readings = [text.strip() for text in READINGS]
    for text, verdict in zip(readings, analyze(readings, _BASE, _FIRES), strict=True):
        assert verdict is not None, text
        if "@" not in text and parse_on_calendar(text, "UTC").exact:
            assert verdict.elapses == elapses(parse_on_calendar(text, "UTC").calendar), text
    ours_alone = {"*:*:0.5", "@-5"}  # fractions of a second; a sign for which systemd wraps around
    theirs = [
        text
        for text in REFUSED
        if text.isascii() and text.isprintable() and len(text) < 4000 and text not in ours_alone
    ]
    for text in theirs:
        assert analyze([text], _BASE, 1) == [None], text


@pytest.mark.parametrize("seconds", [1, 25, 60, 90, 864, 2700, 3600, 5400, 28_800, 86_400])
def test_an_interval_fires_at_every_multiple_of_it(seconds: int) -> None:
    calendars = aligned_calendars(seconds)
    if not calendars:
        return
    verdicts = analyze([on_calendar(calendar) for calendar in calendars], _BASE, 20)
    found: set[int] = set()
    for verdict in verdicts:
        assert verdict is not None
        found.update(verdict.elapses)
    first = _BASE // seconds * seconds + seconds
    assert sorted(found)[:20] == list(range(first, first + 20 * seconds, seconds))

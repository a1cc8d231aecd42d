"""Thousands of random cron expressions: Docket, the installed systemd and an own cron agree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from docket.app.fires.forecast import next_fires
from docket.errors import ScheduleError
from docket.model.task.schedule import Timing
from docket.model.time.calendar import previous_at_or_before
from docket.schedule.daylight import shifts
from docket.schedule.translate import compile_cron
from docket.schedule.zones import offsets_of
from tests.property.analyzer import PROGRAM, analyze
from tests.property.expressions import ZONES, cron_expression
from tests.property.oracle import Oracle

needs_systemd = pytest.mark.skipif(PROGRAM is None, reason="systemd-analyze is not installed")

_FIRES = 5
_PER_BASE = 40
_WINDOW_MINUTES = 3 * 1440
_BEFORE_A_SHIFT = (-90_000, -7200, -3600, -1800, -60, -1)
_AFTER_A_SHIFT = (0, 1, 600, 1800, 3540)


def compiled(expression: str, zone: str) -> Timing | None:
    """Return the timing, None for a date that never comes: no other valid one is refused."""
    try:
        return compile_cron(expression, zone=zone, machine_zone="UTC", system=False)
    except ScheduleError as error:
        if error.code != "schedule.never_fires":
            raise
        return None


def fires(timing: Timing, zone: str, base: int, n: int) -> list[int]:
    found = next_fires(timing, zone=zone, machine_zone="UTC", after_us=base * 1_000_000, n=n)
    return [fire.at_us // 1_000_000 for fire in found]


def shift_bases(rng: random.Random, offsets: Sequence[int], count: int) -> list[tuple[str, int]]:
    """Return zones with instants around clock changes of theirs."""
    changes = [(zone, shift.at) for zone in ZONES for shift in shifts(zone, 1_790_000_000)]
    return [(zone, at + rng.choice(offsets)) for zone, at in rng.sample(changes, count)]


def in_second_pass(base: int, zone: str) -> bool:
    """Whether a clock of the zone shows at `base` what it has shown before."""
    return bool(datetime.fromtimestamp(base, ZoneInfo(zone)).fold)


def cases(rng: random.Random, home: str) -> list[tuple[str, str, Timing]]:
    """Return expressions compiled for a zone, and some for others."""
    made = []
    for _ in range(_PER_BASE):
        expression = cron_expression(rng)
        zone = home if rng.random() < 0.8 else rng.choice(ZONES)
        timing = compiled(expression, zone)
        if timing is not None:
            made.append((expression, zone, timing))
    return made


@needs_systemd
@pytest.mark.parametrize("offsets", [_BEFORE_A_SHIFT, _AFTER_A_SHIFT], ids=["before", "after"])
def test_systemd_fires_the_lines_when_docket_says(offsets: Sequence[int]) -> None:
    rng = random.Random(f"systemd {offsets}")
    for home, base in shift_bases(rng, offsets, 18):
        made = cases(rng, home)
        lines = [value for _, _, timing in made for _, value in timing.directives]
        verdicts = iter(analyze(lines, base, _FIRES))
        for expression, zone, timing in made:
            elapses: set[int] = set()
            for directive in timing.directives:
                verdict = next(verdicts)
                assert verdict is not None, (expression, directive)
                elapses.update(verdict.elapses)
            expected = sorted(elapses)[:_FIRES]
            assert fires(timing, zone, base, _FIRES) == expected, (expression, zone, base)


def test_the_fires_are_those_of_a_cron_that_looks_at_every_minute() -> None:
    rng = random.Random("oracle")
    for home, base in shift_bases(rng, _BEFORE_A_SHIFT, 12):
        for expression, zone, timing in cases(rng, home):
            if in_second_pass(base, zone):
                continue
            in_utc = all(value.endswith(" UTC") for _, value in timing.directives)
            oracle = Oracle(expression)
            expected = list(oracle.fires(base, _WINDOW_MINUTES, zone, both_passes=in_utc))
            found = fires(timing, zone, base, 1000)
            assert found[: len(expected)] == expected[: len(found)], (expression, zone, base)
            if len(found) < len(expected):
                assert len(found) == 1000


def test_a_minute_schedule_keeps_running_through_a_repeated_hour() -> None:
    for zone in ZONES:
        for shift in shifts(zone, 1_790_000_000):
            timing = compiled("*/30 * * * *", zone)
            assert timing is not None
            base = shift.at - 7200
            expected = list(Oracle("*/30 * * * *").fires(base, 360, zone, both_passes=True))
            assert fires(timing, zone, base, len(expected)) == expected, zone


def test_the_fire_before_a_fire_is_itself() -> None:
    rng = random.Random("previous")
    for home, base in shift_bases(rng, _BEFORE_A_SHIFT, 10):
        for expression, zone, timing in cases(rng, home):
            if in_second_pass(base, zone):
                continue
            for fire in fires(timing, zone, base, 20):
                latest = max(
                    previous_at_or_before(
                        calendar, fire * 1_000_000 + 59_999_999, offsets_of(calendar.zone)
                    )
                    or 0
                    for calendar in timing.calendars
                )
                assert latest == fire * 1_000_000, (expression, zone, fire)


def test_no_fire_is_between_two_that_follow_each_other() -> None:
    rng = random.Random("between")
    for home, base in shift_bases(rng, _BEFORE_A_SHIFT, 6):
        for expression, zone, timing in cases(rng, home):
            if in_second_pass(base, zone):
                continue
            found = fires(timing, zone, base, 6)
            for earlier, later in pairwise(found):
                latest = max(
                    previous_at_or_before(
                        calendar, later * 1_000_000 - 1, offsets_of(calendar.zone)
                    )
                    or 0
                    for calendar in timing.calendars
                )
                assert latest == earlier * 1_000_000, (expression, zone, later)


@needs_systemd
def test_rare_dates_are_found_decades_ahead() -> None:
    expressions = ["0 0 29 2 *", "0 0 29 2 */7", "59 23 31 12 *", "0 0 31 */2 *", "5 4 29 feb *,1"]
    timings = [compiled(expression, "UTC") for expression in expressions]
    lines = [value for timing in timings if timing for _, value in timing.directives]
    verdicts = analyze(lines, 1_793_000_000, 6)
    assert len(verdicts) == len(expressions)
    for expression, timing, verdict in zip(expressions, timings, verdicts, strict=True):
        assert timing is not None
        assert verdict is not None
        assert tuple(fires(timing, "UTC", 1_793_000_000, 6)) == verdict.elapses, expression

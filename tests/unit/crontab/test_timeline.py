"""Years of minutes as numbers say the same as a clock that is asked minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from docket.crontab.fields import Times, read_times
from docket.crontab.timeline import (
    ClockRule,
    Window,
    changes,
    day_flags,
    fires,
    instants,
    stretches,
)
from docket.schedule.zones import offsets_of


def days_from(year: int, month: int, day: int, count: int) -> Window:
    """Return the window of so many days from a date on."""
    return Window(date(year, month, day).toordinal() - date(1970, 1, 1).toordinal(), count)


YEAR = days_from(2026, 2, 20, 270)
CHANGES = (  # a gap and a repeated hour each
    ("Europe/Berlin", days_from(2026, 3, 28, 3), days_from(2026, 10, 24, 3)),
    ("America/New_York", days_from(2026, 3, 7, 3), days_from(2026, 10, 31, 3)),
    ("Australia/Lord_Howe", days_from(2026, 10, 2, 4), days_from(2026, 4, 3, 4)),
    ("Asia/Kathmandu", days_from(2026, 3, 30, 3), days_from(2026, 2, 27, 3)),
)
EXPRESSIONS = (
    "30 2 * * *",
    "*/7 1-4 * * *",
    "15 0-23 * * *",
    "0 2,3 1-15 * sun",
    "5,45 2 * 3,10 *",
)


def minute_by_minute(window: Window, times: Times, zone: str, rule: ClockRule) -> set[int]:
    """Step a clock as cron's main loop does, and as systemd does if `rule` is ONCE."""
    tz = ZoneInfo(zone)
    found = set()
    before = None
    for instant in range((window.begin - 1440) * 60, window.end * 60, 60):
        local = datetime.fromtimestamp(instant, tz)
        shown = local.replace(tzinfo=None, fold=0)
        again = local.fold == 1
        runs = _names(times, shown) and (rule is ClockRule.LITERAL or not again)
        if rule is ClockRule.MADE_UP and before is not None:
            missed = int((shown - before).total_seconds()) // 60 - 1
            for n in range(1, missed + 1):
                at = (before - datetime(1970, 1, 1)).total_seconds() + 60 * n  # noqa: DTZ001
                runs = runs or _names(times, datetime.fromtimestamp(at, UTC).replace(tzinfo=None))
        before = shown
        if runs and instant >= window.begin * 60:
            found.add(instant)
    return found


def _names(times: Times, shown: datetime) -> bool:
    minute = shown.hour * 60 + shown.minute
    return bool(times.minutes >> minute & 1) and times.days.names(
        shown.month, shown.day, shown.isoweekday() % 7
    )


@pytest.mark.parametrize(("zone", "gap", "repeated"), CHANGES)
@pytest.mark.parametrize("rule", ClockRule)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_fires_are_those_of_a_clock_that_is_read_every_minute(
    zone: str, gap: Window, repeated: Window, rule: ClockRule, expression: str
) -> None:
    times = read_times(expression)
    for window in (gap, repeated):
        clock = stretches(window, offsets_of(zone))
        bits = fires(window, clock, day_flags(window, times.days), times.minutes, rule)
        assert set(instants(window, bits, 10**6)) == minute_by_minute(window, times, zone, rule)


def test_the_rules_differ_nowhere_but_where_the_clocks_change() -> None:
    times = read_times("*/5 * * * *")
    clock = stretches(YEAR, offsets_of("Europe/Berlin"))
    flags = day_flags(YEAR, times.days)
    found = [fires(YEAR, clock, flags, times.minutes, rule) for rule in ClockRule]
    where = changes(YEAR, clock)
    assert where.bit_count() == 61
    assert (found[0] ^ found[1]) & ~where == 0
    assert (found[0] ^ found[1]).bit_count() == 12


def test_a_zone_without_changes_is_one_stretch() -> None:
    assert len(stretches(YEAR, offsets_of("Asia/Kathmandu"))) == 1
    assert [s.offset for s in stretches(YEAR, offsets_of("Australia/Lord_Howe"))] == [
        660,
        630,
        660,
    ]

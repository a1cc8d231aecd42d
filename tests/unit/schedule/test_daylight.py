"""What clock changes take from a schedule is said with the date; what they do not take is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.schedule.daylight import shifts
from docket.schedule.translate import compile_timing

NOW_US = int(datetime(2026, 9, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000


def warnings(expression: str, zone: str | None, machine: str = "UTC") -> tuple[str, ...]:
    timing = compile_timing(
        [ScheduleSpec(ScheduleKind.CRON, expression)],
        zone=zone,
        machine_zone=machine,
        system=True,
        now_us=NOW_US,
    )
    return timing.warnings


def test_a_daily_time_inside_the_gap_loses_the_day() -> None:
    assert warnings("30 2 * * *", "Europe/Berlin") == (
        "02:30 does not exist on 2027-03-28 in Europe/Berlin: no run that day",
        "02:30 does not exist on 2028-03-26 in Europe/Berlin: no run that day",
    )


def test_a_day_with_other_runs_loses_one() -> None:
    assert warnings("0 2,14 * * *", "Europe/Berlin")[0] == (
        "02:00 does not exist on 2027-03-28 in Europe/Berlin: that run is skipped"
    )


def test_many_lost_runs_are_counted_and_the_pause_in_autumn_is_named() -> None:
    found = warnings("*/5 1-4 * * *", "Europe/Berlin")
    twice = "02:00 to 03:00 comes twice on 2026-10-25 in Europe/Berlin: "
    assert found[0] == twice + "there are no runs the second time, for 1h"
    assert found[1] == (
        "02:00 to 02:55 do not exist on 2027-03-28 in Europe/Berlin: 12 runs are skipped"
    )


def test_a_gap_at_midnight_is_found() -> None:
    assert warnings("0 0 * * *", "America/Havana")[0] == (
        "00:00 does not exist on 2027-03-14 in America/Havana: no run that day"
    )


def test_a_shift_of_half_an_hour_is_found() -> None:
    assert warnings("0 * * * *", "Australia/Lord_Howe")[0] == (
        "02:00 does not exist on 2026-10-04 in Australia/Lord_Howe: that run is skipped"
    )


def test_the_machines_own_zone_is_looked_at_too() -> None:
    assert "in Europe/Berlin" in warnings("30 2 * * *", None, "Europe/Berlin")[0]
    assert warnings("30 2 * * *", None, "UTC") == ()


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("0 9 * * *", "Europe/Berlin"),
        ("*/5 * * * *", "Europe/Berlin"),
        ("30 2 * * 1-5", "Europe/Berlin"),
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Kolkata"),
        ("30 2 1 6 *", "America/New_York"),
    ],
)
def test_what_loses_nothing_is_not_warned_of(expression: str, zone: str) -> None:
    assert warnings(expression, zone) == ()


def test_the_changes_of_a_zone_are_found_to_the_second() -> None:
    found = shifts("Europe/Berlin", NOW_US // 1_000_000)
    assert [datetime.fromtimestamp(shift.at, UTC).isoformat() for shift in found] == [
        "2026-10-25T01:00:00+00:00",
        "2027-03-28T01:00:00+00:00",
        "2027-10-31T01:00:00+00:00",
        "2028-03-26T01:00:00+00:00",
    ]
    assert shifts("Asia/Kolkata", NOW_US // 1_000_000) == ()

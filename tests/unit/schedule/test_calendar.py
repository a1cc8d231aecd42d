"""The evaluator: fields, ends of the calendar, clock changes, and the form in plans."""

from __future__ import annotations

from datetime import date as calendar_date
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from docket.model.jsontext import dumps, loads
from docket.model.time.calendar import (
    Calendar,
    civil_from_days,
    days_from_civil,
    instant_of,
    month_length,
    next_after,
    previous_at_or_before,
    utc_offset,
)
from docket.schedule.zones import offsets_of

BERLIN = "Europe/Berlin"


def us(text: str, zone: str = "UTC", *, fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp()) * 1_000_000


def following(calendar: Calendar, after: int) -> int | None:
    return next_after(calendar, after, offsets_of(calendar.zone))


def preceding(calendar: Calendar, at: int) -> int | None:
    return previous_at_or_before(calendar, at, offsets_of(calendar.zone))


DAILY = Calendar(hours=(2,), minutes=(30,), zone=BERLIN)
MINUTELY = Calendar(zone="UTC")
LEAP = Calendar(months=(2,), days=(29,), hours=(0,), minutes=(0,), zone="UTC")


def test_the_next_fire_is_strictly_later() -> None:
    assert following(MINUTELY, us("2026-11-20 09:00")) == us("2026-11-20 09:01")
    assert following(MINUTELY, us("2026-11-20 09:00") - 1) == us("2026-11-20 09:00")


def test_the_previous_fire_may_be_now() -> None:
    assert preceding(MINUTELY, us("2026-11-20 09:00")) == us("2026-11-20 09:00")
    assert preceding(MINUTELY, us("2026-11-20 09:00") - 1) == us("2026-11-20 08:59")


def test_a_leap_day_waits_over_a_century_that_has_none() -> None:
    assert following(LEAP, us("2096-02-29 00:00")) == us("2104-02-29 00:00")
    assert preceding(LEAP, us("2104-02-28 23:59")) == us("2096-02-29 00:00")


def test_a_time_inside_the_gap_does_not_fire_that_day() -> None:
    assert following(DAILY, us("2027-03-27 02:30", BERLIN)) == us("2027-03-29 02:30", BERLIN)
    assert preceding(DAILY, us("2027-03-28 12:00", BERLIN)) == us("2027-03-27 02:30", BERLIN)


def test_a_repeated_time_fires_in_its_first_pass_only() -> None:
    first = us("2026-10-25 02:30", BERLIN)
    assert following(DAILY, us("2026-10-24 12:00", BERLIN)) == first
    assert following(DAILY, first) == us("2026-10-26 02:30", BERLIN)
    assert preceding(DAILY, us("2026-10-25 02:45", BERLIN, fold=1)) == first


def test_asked_inside_a_second_pass_the_answer_is_never_in_the_past() -> None:
    often = Calendar(minutes=(0, 30), zone=BERLIN)
    inside = us("2026-10-25 02:10", BERLIN, fold=1)
    assert following(often, inside) == us("2026-10-25 02:30", BERLIN, fold=1)


def test_a_gap_at_midnight_takes_the_whole_day() -> None:
    midnight = Calendar(hours=(0,), minutes=(0,), zone="America/Havana")
    before = us("2027-03-13 12:00", "America/Havana")
    assert following(midnight, before) == us("2027-03-15 00:00", "America/Havana")


def test_a_shift_of_half_an_hour_is_followed() -> None:
    calendar = Calendar(hours=(2,), minutes=(15, 45), zone="Australia/Lord_Howe")
    before = us("2026-10-03 12:00", "Australia/Lord_Howe")
    assert following(calendar, before) == us("2026-10-04 02:45", "Australia/Lord_Howe")


def test_days_from_the_end_count_from_the_last() -> None:
    calendar = Calendar(days_from_end=(1, 3), hours=(0,), minutes=(0,), zone="UTC")
    assert following(calendar, us("2028-02-01 00:00")) == us("2028-02-27 00:00")
    assert following(calendar, us("2028-02-27 00:00")) == us("2028-02-29 00:00")
    assert preceding(calendar, us("2028-02-28 00:00")) == us("2028-02-27 00:00")


def test_seconds_are_evaluated_too() -> None:
    calendar = Calendar(minutes=(59,), seconds=(5, 50), zone="UTC")
    assert following(calendar, us("2026-12-31 23:59:50")) == us("2027-01-01 00:59:05")
    assert preceding(calendar, us("2027-01-01 00:59:04")) == us("2026-12-31 23:59:50")


@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(months=(2,), days=(30,), hours=(0,), minutes=(0,), zone="UTC"),
        Calendar(years=(2020,), zone="UTC"),
    ],
)
def test_what_never_comes_again_has_no_next_fire(calendar: Calendar) -> None:
    assert following(calendar, us("2026-11-20 09:00")) is None


def test_nothing_is_before_the_first_year_or_after_the_last() -> None:
    yearly = Calendar(months=(1,), days=(1,), hours=(0,), minutes=(0,), zone="UTC")
    assert preceding(yearly, 0) == 0
    assert preceding(yearly, -1) is None
    assert following(yearly, us("2199-01-01 00:00")) is None
    assert preceding(yearly, us("2205-06-01 00:00")) == us("2199-01-01 00:00")
    assert following(yearly, -(10**15)) == 0


def test_a_gap_has_no_instant_and_an_overlap_the_first_of_two() -> None:
    offset_at = offsets_of(BERLIN)
    gap = us("2027-03-28 02:30") // 1_000_000
    assert instant_of(gap, offset_at) is None
    twice = us("2026-10-25 02:30") // 1_000_000
    assert instant_of(twice, offset_at) == us("2026-10-25 00:30") // 1_000_000


def test_dates_and_day_numbers_are_each_others_inverse() -> None:
    for days in range(-1000, 90_000, 17):
        date = civil_from_days(days)
        assert days_from_civil(*date) == days
        assert calendar_date(*date).toordinal() - 719_163 == days
    assert [month_length(year, 2) for year in (2000, 2023, 2024, 2100)] == [29, 28, 29, 28]


def test_a_calendar_survives_the_plan_file() -> None:
    for calendar in (DAILY, MINUTELY, LEAP, Calendar(weekdays=(0, 4), seconds=None)):
        read = Calendar.from_json(loads(dumps(calendar.to_json())))
        assert read == calendar
        assert hash(read) == hash(calendar)
    assert DAILY != MINUTELY
    assert DAILY != "daily"
    assert "Europe/Berlin" in repr(DAILY)


@pytest.mark.parametrize(
    "document",
    [None, [], 5, {"hours": 5}, {"hours": ["2"]}, {"hours": [True]}, {"zone": 5}, {"days": [1.5]}],
)
def test_what_is_not_a_calendar_is_a_value_error(document: object) -> None:
    with pytest.raises(ValueError, match="calendar"):
        Calendar.from_json(document)  # type: ignore[arg-type]


def test_utc_has_no_offset() -> None:
    assert utc_offset(1_800_000_000) == 0

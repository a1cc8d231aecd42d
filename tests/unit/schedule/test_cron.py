"""The decisions about cron's grammar and meaning, one by one."""

from __future__ import annotations

import pytest

from docket.errors import ScheduleError
from docket.schedule.cron import LONGEST_EXPRESSION, is_reboot, parse_cron
from docket.schedule.emit import on_calendar


def lines(expression: str) -> list[str]:
    return [on_calendar(calendar) for calendar in parse_cron(expression).calendars("")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", ["*-*-* *:*:00"]),
        ("*/5 * * * *", ["*-*-* *:00..55/5:00"]),
        ("*/7 * * * *", ["*-*-* *:00..56/7:00"]),
        ("0 9-17 * * 1-5", ["Mon..Fri *-*-* 09..17:00:00"]),
        ("0 0 1 1 *", ["*-01-01 00:00:00"]),
        ("5-59/15 * * * *", ["*-*-* *:05..50/15:00"]),
        ("00 007 * * *", ["*-*-* 07:00:00"]),
        ("0,0,0 1,1-3,2 * * *", ["*-*-* 01..03:00:00"]),
        ("0 0 29 2 *", ["*-02-29 00:00:00"]),
        ("0 0 * JAN-mar,Oct *", ["*-01..03,10-* 00:00:00"]),
        (" \t0\t0  * * * \t", ["*-*-* 00:00:00"]),
        ("0 0 31 * *", ["*-*-31 00:00:00"]),
    ],
)
def test_an_expression_becomes_bounded_lists(expression: str, expected: list[str]) -> None:
    assert lines(expression) == expected


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("@yearly", "*-01-01 00:00:00"),
        ("@annually", "*-01-01 00:00:00"),
        ("@monthly", "*-*-01 00:00:00"),
        ("@weekly", "Sun *-*-* 00:00:00"),
        ("@daily", "*-*-* 00:00:00"),
        ("@midnight", "*-*-* 00:00:00"),
        ("@hourly", "*-*-* *:00:00"),
    ],
)
def test_a_macro_means_what_cron_means(macro: str, expected: str) -> None:
    assert lines(macro) == [expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 13 * 5", ["*-*-13 00:00:00", "Fri *-*-* 00:00:00"]),
        ("0 0 1,15 6 mon-wed", ["*-06-01,15 00:00:00", "Mon..Wed *-06-* 00:00:00"]),
        ("0 0 */2,15 * 1", ["Mon *-*-01..31/2 00:00:00"]),
        ("0 0 15,*/2 * 1", ["*-*-01..31/2 00:00:00", "Mon *-*-* 00:00:00"]),
        ("0 0 1-7 * */7", ["Sun *-*-01..07 00:00:00"]),
        ("0 0 * * 1", ["Mon *-*-* 00:00:00"]),
        ("0 0 1 * *", ["*-*-01 00:00:00"]),
        ("0 0 1 * *,5", ["*-*-01 00:00:00"]),
        ("0 0 1 * 0-6", ["*-*-* 00:00:00"]),
        ("0 0 1-31 * 1", ["*-*-* 00:00:00"]),
        ("0 0 1,* * 1", ["*-*-* 00:00:00"]),
    ],
)
def test_days_are_a_union_only_if_neither_field_begins_with_a_star(
    expression: str, expected: list[str]
) -> None:
    assert lines(expression) == expected


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("7", "Sun"),
        ("0", "Sun"),
        ("07", "Sun"),
        ("7-7", "Sun"),
        ("0-0", "Sun"),
        ("sun-sun", "Sun"),
        ("7-sun", "Sun"),
        ("5-7", "Fri..Sun"),
        ("fri-7", "Fri..Sun"),
        ("fri-sun", "Fri..Sun"),
        ("5-0", "Fri..Sun"),
        ("fri-sun/2", "Fri,Sun"),
        ("mon-5", "Mon..Fri"),
        ("1-7/2", "Mon,Wed,Fri,Sun"),
        ("*/2", "Tue,Thu,Sat,Sun"),
        ("*/7", "Sun"),
        ("*/5", "Fri,Sun"),
        ("0-7/3", "Wed,Sat,Sun"),
        ("sun,TUE", "Tue,Sun"),
    ],
)
def test_weekdays_fold_seven_to_sunday_after_the_range(weekdays: str, expected: str) -> None:
    assert lines(f"0 0 * * {weekdays}") == [f"{expected} *-*-* 00:00:00"]


@pytest.mark.parametrize("weekdays", ["0-6", "0-7", "1-7", "*", "*/1", "sun-sat", "mon-sun"])
def test_a_full_week_leaves_the_prefix_out(weekdays: str) -> None:
    assert lines(f"0 0 * * {weekdays}") == ["*-*-* 00:00:00"]


@pytest.mark.parametrize(
    "expression",
    ["*/90 * * * *", "0 */24 * * *", "5-5/10 * * * *", "0 0 */32 * *", "0 0 * 3-4/5 *"],
)
def test_a_step_beyond_the_range_is_accepted_with_a_warning(expression: str) -> None:
    cron = parse_cron(expression)
    assert any("larger than the range" in warning for warning in cron.warnings)


def test_a_step_that_restarts_unevenly_is_mentioned() -> None:
    assert "last gap is 4 instead of 7 minutes" in parse_cron("*/7 * * * *").warnings[0]
    assert parse_cron("*/15 */6 * * *").warnings == ()


@pytest.mark.parametrize(
    "expression",
    ["0 0 30 2 *", "0 0 30,31 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 */2", "0 0 30 feb *,1"],
)
def test_a_date_that_never_comes_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_cron(expression)
    assert caught.value.code == "schedule.never_fires"
    assert caught.value.hint


def test_a_dead_date_beside_weekdays_is_dropped_with_a_warning() -> None:
    cron = parse_cron("0 0 30 2 1")
    assert [on_calendar(calendar) for calendar in cron.calendars("")] == ["Mon *-02-* 00:00:00"]
    assert "only the weekdays count" in cron.warnings[0]


@pytest.mark.parametrize("text", ["@reboot", " @reboot\t"])
def test_reboot_is_known(text: str) -> None:
    assert is_reboot(text)
    assert not is_reboot("@Reboot")


def test_the_longest_expression_is_bounded() -> None:
    fits = ",".join(["0"] * 2000)
    assert len(fits) < LONGEST_EXPRESSION
    assert lines(f"{fits} * * * *") == ["*-*-* *:00:00"]
    with pytest.raises(ScheduleError) as caught:
        parse_cron(",".join(["0"] * 3000) + " * * * *")
    assert caught.value.code == "schedule.too_long"

"""systemd's own expressions are read as systemd reads them, and refused if systemd refuses them."""

from __future__ import annotations

import pytest

from docket.errors import ScheduleError
from docket.model.time.calendar import Calendar
from docket.schedule.emit import on_calendar
from docket.schedule.oncalendar import parse_on_calendar

# expression -> the same, written out and bounded
READINGS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "Daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01..10/3-01 00:00:00",
    "semi-annually": "*-01,07-01 00:00:00",
    "yearly UTC": "*-01-01 00:00:00 UTC",
    "Mon..Fri 09:00": "Mon..Fri *-*-* 09:00:00",
    "Sat,Mon-Tue,SUNDAY": "Mon,Tue,Sat,Sun *-*-* 00:00:00",
    "Mon,": "Mon *-*-* 00:00:00",
    "mon..sun 1:2": "*-*-* 01:02:00",
    "*:0/15": "*-*-* *:00..45/15:00",
    "*:*:0/20": "*-*-* *:*:00,20,40",
    "*:*:*": "*-*-* *:*:*",
    "5..9:30": "*-*-* 05..09:30:00",
    "1..10/3:0": "*-*-* 01..10/3:00:00",
    "5..5:0": "*-*-* 05:00:00",
    "*-*~1": "*-*~01 00:00:00",
    "*-02~03 1:00": "*-02~03 01:00:00",
    "Mon *-*~07/1": "Mon *-*~01..07 00:00:00",
    "*-*~01..07/2": "*-*~01..07/2 00:00:00",
    "12-24 18:00": "*-12-24 18:00:00",
    "26-1-1": "2026-01-01 00:00:00",
    "89-1-1": "1989-01-01 00:00:00",
    "2026..2028-06-01": "2026..2028-06-01 00:00:00",
    "@1800000000": "2027-01-15 08:00:00 UTC",
    "09:00 Europe/Berlin": "*-*-* 09:00:00 Europe/Berlin",
    "09:00:00.000 utc": "*-*-* 09:00:00 UTC",
    "  09:00\t": "*-*-* 09:00:00",
}

REFUSED = (
    *("", " ", "*", "12", "*/5", "*/5 * * * *", "0 9 * * *", "* *:*", "hello", "daily daily"),
    *("Fri..Mon", "Sun..Tue", "Mon,,Tue", "Mon..", "Mon..Tue..Wed", "Mo 9:00", "Mon. 9:00"),
    *("24:00", "9:60", "9:0:60", "*-13-01", "*-00-01", "*-*-32", "*-*-0", "*-*~29", "*-*~0"),
    *("*:0/60", "*:5/56", "0/24:0", "*-1/31-*", "*:0/0", "*:5..4", "*:*:5..5", "*-*~1/1"),
    *("2200-01-01", "1969-01-01", "*:-1", "*:+1", "*:1,", "*:,1", "*:1,,2", "*:1...2", "9:0:0:0"),
    *("*-~01-*", "*~*~01", "Mon 2026-01-01 10:00 Z", "10:00 +02:00", "10:00 Nowhere/City"),
    *("@", "@-5", "@12x", "@1 10:00", "@99999999999", "10:00\n", "10:00\x00", "1\u06600:00"),
    *("10:00 Europe/Berlin\nOnBootSec=1", "9999999999:00", ",".join(["*:1"] * 2000)),
    *("*:" + ",".join(["1"] * 300), "*:*:0.5", "*:*:1.", "Jan 1", "Mon\t9:00", "\u00a09:00"),
)


@pytest.mark.parametrize(("text", "expected"), READINGS.items())
def test_an_expression_is_read_as_systemd_reads_it(text: str, expected: str) -> None:
    assert on_calendar(parse_on_calendar(text).calendar) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_what_systemd_refuses_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_on_calendar(text)
    assert caught.value.code in ("schedule.syntax", "schedule.too_long")
    assert caught.value.hint
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize("text", ["*-02-30", "Mon 2026-11-20", "*-4,6-31", "2025-02-29 10:00"])
def test_a_date_that_never_comes_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_on_calendar(text)
    assert caught.value.code == "schedule.never_fires"


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("*:0/8", False),
        ("*:00..56/8", True),
        ("*:0/15", True),
        ("0/5:00", False),
        ("0/6:00", True),
        ("*-*-1/7", False),
        ("*-*-1..29/7", True),
        ("*-1/3-1", True),
        ("*-2/3-1", False),
        ("*:*:0/7", False),
        ("2026/2-1-1", True),
    ],
)
def test_a_repetition_without_an_end_is_exact_only_if_it_meets_the_fields_end(
    text: str, *, exact: bool
) -> None:
    assert parse_on_calendar(text).exact is exact


def test_the_default_zone_yields_to_one_in_the_text() -> None:
    plain = parse_on_calendar("09:00", "Asia/Kolkata")
    assert plain.calendar == Calendar(hours=(9,), minutes=(0,), zone="Asia/Kolkata")
    assert not plain.own_zone
    own = parse_on_calendar("09:00 UTC", "Asia/Kolkata")
    assert (own.calendar.zone, own.own_zone) == ("UTC", True)

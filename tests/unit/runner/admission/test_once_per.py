"""`once_per`, with a real record of runs."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from docket.model.states import RunStatus
from docket.model.time.period import Period, stretch
from docket.runner.admission.due import Zone
from tests.unit.runner.runner_home import Home

BERLIN = "Europe/Berlin"


def success_at(home: Home, run_id: str, when_us: int, *, due: bool = False) -> None:
    """Put a success at another instant: as the one it was due at, or as its beginning."""
    with sqlite3.connect(home.state_db) as connection:
        connection.execute("DROP TRIGGER finished_runs_are_final")
        column = "scheduled_for" if due else "started_at"
        connection.execute(f"UPDATE runs SET {column} = ? WHERE run_id = ?", (when_us, run_id))
    connection.close()


def local(*words: int) -> int:
    year, month, day, hour, minute = words
    moment = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(BERLIN))
    return int(moment.timestamp() * 1e6)


@pytest.mark.parametrize("period", ["hour", "day", "week", "month", "year"])
def test_a_second_success_of_the_period_is_skipped_with_the_first_named(
    home: Home, period: str
) -> None:
    home.plan("job", "/bin/true", once_per=period)
    first = home.result("job")
    second = home.result("job")
    if second["status"] == "succeeded":  # the period ended in between
        first, second = second, home.result("job")
    assert (second["returncode"], second["status"]) == (75, "skipped")
    assert (second["error_code"], second["blocked_by"]) == ("once_per", first["run_id"])
    assert f"in this {period}" in second["summary"]
    assert home.result("job", "--force")["status"] == "succeeded"


def test_failures_and_dry_runs_do_not_count_as_success(home: Home) -> None:
    home.plan("job", "/bin/false", once_per="year")
    home.run("job")
    home.plan("job", "/bin/true", dry_run_argv=["/bin/true"], once_per="year")
    home.run("job", "--dry-run")
    assert home.result("job")["status"] == "succeeded"


@pytest.mark.parametrize(
    ("period", "first", "second", "same"),
    [
        ("day", (2026, 3, 29, 0, 30), (2026, 3, 29, 23, 30), True),  # a day of 23 hours
        ("day", (2026, 3, 28, 23, 59), (2026, 3, 29, 0, 1), False),
        ("day", (2026, 10, 25, 0, 30), (2026, 10, 25, 23, 30), True),  # a day of 25 hours
        ("week", (2026, 11, 16, 0, 0), (2026, 11, 22, 23, 59), True),
        ("week", (2026, 11, 15, 23, 59), (2026, 11, 16, 0, 0), False),
        ("week", (2026, 12, 31, 12, 0), (2027, 1, 1, 12, 0), True),
        ("month", (2026, 11, 1, 0, 0), (2026, 11, 30, 23, 59), True),
        ("month", (2026, 11, 30, 23, 59), (2026, 12, 1, 0, 0), False),
        ("year", (2026, 1, 1, 0, 0), (2026, 12, 31, 23, 59), True),
        ("year", (2026, 12, 31, 23, 59), (2027, 1, 1, 0, 0), False),
        ("hour", (2026, 11, 20, 12, 0), (2026, 11, 20, 12, 59), True),
        ("hour", (2026, 11, 20, 12, 59), (2026, 11, 20, 13, 0), False),
    ],
)
def test_a_period_is_counted_in_the_zone_of_the_task(
    period: str, first: tuple[int, ...], second: tuple[int, ...], *, same: bool
) -> None:
    zone = Zone(BERLIN)
    try:
        one = stretch(local(*first), Period(period), zone.offset_at)
        other = stretch(local(*second), Period(period), zone.offset_at)
    finally:
        zone.close()
    assert (one == other) is same


def test_the_due_instant_counts_and_not_when_a_late_run_began(home: Home) -> None:
    home.plan("job", "/bin/true", once_per="day")
    first = home.result("job")
    yesterday = time.time_ns() // 1000 - 24 * 3_600_000_000
    success_at(home, first["run_id"], yesterday, due=True)
    assert home.result("job")["status"] == "succeeded"


def test_an_older_success_is_of_another_period(home: Home) -> None:
    home.plan("job", "/bin/true", once_per="hour", zone=BERLIN)
    first = home.result("job")
    success_at(home, first["run_id"], time.time_ns() // 1000 - 3_600_000_000)
    assert home.result("job")["status"] == "succeeded"
    assert home.counts("job") == {"succeeded": 2}


def test_a_database_that_cannot_be_asked_stops_no_run(home: Home) -> None:
    home.plan("job", "/bin/true", once_per="day")
    home.state_db.write_bytes(b"no database at all, but bytes of a size" * 200)
    result = home.result("job")
    assert result["status"] == RunStatus.SUCCEEDED

"""The history by status, trigger and time, and page by page."""

from __future__ import annotations

import time
from typing import Any

import pytest

from docket.app.history import history
from docket.app.history.history import Selection
from docket.errors import RunNotFoundError
from docket.model.states import RunStatus, Trigger
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.text.test_outputs_of_commands import docket

HOUR = 3_600_000_000


def ids(home: Home, task: str | None = None, limit: int = 100, **wanted: Any) -> list[str]:
    found = history.runs(home.session, task, limit, Selection(**wanted))
    return [run.run_id for run in found.runs]


def test_runs_of_the_wanted_statuses_alone_are_listed(home: Home) -> None:
    good = home.record("a")
    bad, late = home.record("a", "failed"), home.record("b", "timed_out")
    assert ids(home, statuses=(RunStatus.FAILED, RunStatus.TIMED_OUT)) == [late, bad]
    assert ids(home, "a", statuses=(RunStatus.SUCCEEDED,)) == [good]
    assert ids(home, "a", statuses=(RunStatus.LOST,)) == []


def test_runs_of_the_wanted_triggers_alone_are_listed(home: Home) -> None:
    home.record("a")
    timed = home.record("a", trigger="timer")
    assert ids(home, triggers=(Trigger.TIMER, Trigger.CATCH_UP)) == [timed]


def test_a_span_of_time_begins_with_its_first_instant_and_ends_before_its_last(home: Home) -> None:
    first, second, third = (home.record("a", at=NOW_US + n * HOUR) for n in range(3))
    assert ids(home, since_us=NOW_US + HOUR) == [third, second]
    assert ids(home, until_us=NOW_US + HOUR) == [first]
    assert ids(home, since_us=NOW_US + HOUR, until_us=NOW_US + 2 * HOUR) == [second]


def test_pages_hold_every_run_once_even_if_many_began_at_one_instant(home: Home) -> None:
    recorded = [home.record("a", at=NOW_US + n // 5) for n in range(23)]
    seen: list[str] = []
    cursor = None
    while page := ids(home, "a", 4, older_than=cursor):
        seen += page
        cursor = page[-1]
    assert seen == recorded[::-1]


def test_a_cursor_that_is_not_a_run_is_refused(home: Home) -> None:
    home.record("a")
    for cursor in ("x", "20260101T000000000000Z-00000000"):
        with pytest.raises(RunNotFoundError):
            ids(home, older_than=cursor)


def test_a_span_counts_back_from_now(home: Home) -> None:
    now_us = time.time_ns() // 1000
    old, new = (home.record("a", at=now_us - minutes * 60_000_000) for minutes in (90, 30))
    assert [run["run_id"] for run in docket(home, 0, "runs", "--since", "1h")] == [new]
    assert [run["run_id"] for run in docket(home, 0, "runs", "--until", "1h")] == [old]


def test_the_command_takes_filters_and_a_cursor(home: Home) -> None:
    recorded = [home.record("a", status) for status in ("succeeded", "failed", "failed")]
    found = docket(home, 0, "runs", "--status", "failed", "--trigger", "manual", "--limit", "1")
    assert [run["run_id"] for run in found] == [recorded[2]]
    rest = docket(home, 0, "runs", "a", "--cursor", recorded[2], "--since", "2026-01-01")
    assert [run["run_id"] for run in rest] == [recorded[1], recorded[0]]
    assert docket(home, 0, "runs", "--until", "2026-01-01 00:00+01:00") == []
    assert docket(home, 1, "runs", "--status", "broken")["error_code"] == "usage"
    assert docket(home, 1, "runs", "--cursor", "x")["error_code"] == "run.not_found"

"""A failure without a runner to report it is reported by the next command, once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from docket.app.catalog.lookup import current_plan
from docket.app.catalog.planfiles import read_plan
from docket.app.fires.maintain import maintain
from docket.app.fires.missed import MissedCounts
from docket.app.record.reconcile import reconcile
from docket.model.records import HookRecord
from docket.runfiles import LOCK, run_file
from docket.store.reader import open_reader
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.fires.test_missed import DAY, HOUR, House, hour_before_now
from tests.unit.notify.loopback import Loopback, soon


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback().serving() as loopback:
        yield loopback


def notify(server: Loopback, indent: int = 4) -> str:
    return " " * indent + f'notify: {{webhook: {{url: "{server.url}/alarm"}}}}\n'


def outcomes(home: Home, run_id: str) -> list[HookRecord]:
    with open_reader(home.paths.state_db) as reader:
        return reader.hooks(run_id)


@pytest.fixture
def told(home: Home, server: Loopback) -> Home:
    """A home whose task `a` reports its failures, with its plan."""
    home.config("tasks:\n  a:\n    type: command\n    command: [/bin/true]\n" + notify(server))
    current_plan(home.session, "a")
    return home


def dead_run(home: Home, **known: Any) -> str:
    """Record a run of another boot, whose lock file is there and free."""
    run_id = home.record("a", "running", boot_id="another", pid=os.getpid(), **known)
    home.file(run_file(home.paths.lock_dir, run_id, LOCK), "{}")
    return run_id


def test_a_run_that_a_reader_closes_is_reported_without_delaying_the_reader(
    told: Home, server: Loopback
) -> None:
    run_id = dead_run(told)
    assert reconcile(told.session, told.paths.state_db) == 1
    soon(lambda: server.asked)
    body = server.only.json
    assert (body["run_id"], body["status"], body["error_code"]) == (run_id, "interrupted", "reboot")
    soon(lambda: [hook.state for hook in outcomes(told, run_id)] == ["delivered"])


def test_maintenance_sends_messages_before_it_ends(told: Home, server: Loopback) -> None:
    """What a unit leaves running is killed with it."""
    run_id = dead_run(told)
    done = maintain(told.session)
    assert (done.closed, done.told) == (1, 1)
    assert server.only.json["run_id"] == run_id
    assert maintain(told.session).told == 0
    assert len(server.asked) == 1


def test_maintenance_finds_a_failure_that_nobody_began_to_tell(
    told: Home, server: Loopback
) -> None:
    """The finalizer was killed too, or a reader set off enough."""
    plan = read_plan(told.paths, "a")
    assert plan is not None
    run_id = told.record("a", "killed", at=NOW_US - HOUR, plan_hash=plan.plan_hash)
    told.record("a", "succeeded", at=NOW_US - 2 * HOUR, plan_hash=plan.plan_hash)
    assert maintain(told.session).told == 1
    assert server.only.json["run_id"] == run_id
    assert maintain(told.session).told == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "failed", "at": NOW_US - 2 * DAY},
        {"status": "failed", "at": NOW_US - 60_000_000},
        {"status": "failed", "plan_hash": "another plan"},
        {"status": "cancelled"},
        {"status": "skipped"},
        {"status": "failed", "dry_run": True},
    ],
)
def test_maintenance_leaves_the_rest_alone(
    told: Home, server: Loopback, facts: dict[str, Any]
) -> None:
    plan = read_plan(told.paths, "a")
    assert plan is not None
    told.record("a", **{"at": NOW_US - HOUR, "plan_hash": plan.plan_hash, **facts})
    assert maintain(told.session).told == 0
    assert server.asked == []


def test_missed_fires_are_reported_once_however_often_one_looks(
    home: Home, server: Loopback
) -> None:
    house = House(home, "0 * * * *", notify(server))
    house.judged_until(hour_before_now(4) + 1)
    assert house.look() == MissedCounts(missed=4)
    soon(lambda: server.asked)
    house.look()
    body = server.only.json
    newest = house.rows()[-1]
    assert (body["status"], body["run_id"]) == ("missed", newest.run_id)
    soon(lambda: [hook.state for hook in outcomes(home, newest.run_id)] == ["delivered"])


def test_a_later_miss_of_the_same_cause_is_silent(home: Home, server: Loopback) -> None:
    house = House(home, "0 * * * *", notify(server))
    house.judged_until(hour_before_now(4) + 1)
    house.look()
    soon(lambda: server.asked)
    first = house.rows()[-1].run_id
    soon(lambda: outcomes(home, first))
    house.now_us = NOW_US + 2 * HOUR
    assert house.look() == MissedCounts(missed=2)
    newest = house.rows()[-1].run_id
    soon(lambda: [hook.state for hook in outcomes(home, newest)] == ["suppressed"])
    assert len(server.asked) == 1


def test_the_time_that_a_late_message_takes_keeps_no_fire_from_being_missed(
    home: Home, server: Loopback
) -> None:
    house = House(home, "0 * * * *", notify(server))
    due = hour_before_now(3)
    run_id = home.record("tick", "killed", at=due, scheduled_for=due, trigger="timer")
    connection = sqlite3.connect(home.paths.state_db)
    with connection:
        connection.execute(
            "INSERT INTO hook_outcomes VALUES (?, 0, 'notify', 'notify:webhook', 'delivered', "
            "200, '', '', ?, 1)",
            (run_id, NOW_US),
        )
    connection.close()
    house.judged_until(due + 1)
    assert house.look() == MissedCounts(missed=3)

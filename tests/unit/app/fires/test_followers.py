"""An end that nobody let other tasks follow is made up for, once."""

from __future__ import annotations

import os
from typing import Any

import pytest

from docket.app.catalog.lookup import current_plan
from docket.app.fires.followers import left_out
from docket.app.fires.maintain import maintain
from docket.store.reader import open_reader
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.runner.runner_home import wait_until

HOUR = 3_600_000_000
CONFIG = """\
tasks:
  build: {type: command, command: [/bin/true]}
  deploy: {type: command, command: [/bin/true], schedule: {after: build}}
  alarm: {type: command, command: [/bin/true], schedule: {after: {task: build, on: failure}}}
"""


def age(path: str) -> None:
    os.utime(path, ns=((NOW_US - 3 * HOUR) * 1000,) * 2)


@pytest.fixture
def led(home: Home) -> Home:
    """A home in which two tasks follow another; their units are installed for long."""
    home.config(CONFIG)
    for task in ("build", "deploy", "alarm"):
        unit = os.path.join(home.paths.unit_dir, current_plan(home.session, task).unit)
        home.file(unit, "[Service]\n")
        age(unit)
    return home


def end(home: Home, **facts: Any) -> str:
    """Record an end of `build` whose starter died before anything followed."""
    plan_hash = current_plan(home.session, "build").plan_hash
    return home.record(
        "build", **{"status": "succeeded", "at": NOW_US - HOUR, "plan_hash": plan_hash, **facts}
    )


def missing(home: Home) -> list[str]:
    return [one.run_id for one in left_out(home.session, home.paths.state_db)]


def test_an_end_without_its_follower_is_found_until_that_has_a_row(led: Home) -> None:
    run_id = end(led)
    assert missing(led) == [run_id]
    led.record("deploy", "skipped", trigger="after", triggered_by=run_id)
    assert missing(led) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"at": NOW_US - 30 * HOUR},
        {"at": NOW_US - 60_000_000},  # its unit may just be about to start them
        {"plan_hash": "another plan"},
        {"status": "skipped"},
        {"dry_run": True},
    ],
)
def test_other_ends_are_left_alone(led: Home, facts: dict[str, Any]) -> None:
    end(led, **facts)
    assert missing(led) == []


def test_what_was_installed_or_switched_on_since_did_not_follow_then(led: Home) -> None:
    end(led)
    unit = os.path.join(led.paths.unit_dir, current_plan(led.session, "deploy").unit)
    os.utime(unit, ns=(NOW_US * 1000,) * 2)
    assert missing(led) == []
    age(unit)
    switches = os.path.join(led.paths.plan_dir, "followers-off")
    led.file(switches, "")
    os.utime(switches, ns=(NOW_US * 1000,) * 2)
    assert missing(led) == []
    led.file(switches, "deploy\n")
    age(switches)
    assert missing(led) == []


def test_the_upkeep_starts_what_should_have_followed_and_does_so_once(led: Home) -> None:
    run_id = end(led, status="failed")

    def followed() -> list[str | None]:
        with open_reader(led.paths.state_db) as reader:
            found = [reader.latest(task).get(task) for task in ("deploy", "alarm")]
        return [None if run is None else run.triggered_by for run in found]

    assert maintain(led.session).told == 1
    wait_until(lambda: followed() == [None, run_id])
    assert maintain(led.session).told == 0

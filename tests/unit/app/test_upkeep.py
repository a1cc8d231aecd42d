"""A round of maintenance: merged, closed, judged, pruned, and honest about what it could not do."""

from __future__ import annotations

import os

import pytest

from docket.app import logs, status
from docket.app.upkeep import maintain
from docket.errors import RunPrunedError
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

DAY = 86_400_000_000
CONFIG = """
defaults:
  retention: {days: 30}
tasks:
  tick:
    type: command
    command: [/bin/true]
    retention: {runs: 2}
  tock:
    type: command
    command: [/bin/true]
"""


def test_each_task_keeps_what_its_retention_says_over_the_defaults(home: Home) -> None:
    home.config(CONFIG)
    for days in (1, 2, 3, 40):
        home.record("tick", "skipped", at=NOW_US - days * DAY)
        home.record("tock", "skipped", at=NOW_US - days * DAY)
    done = maintain(home.session)
    assert require_valid("maintain", done.document())["pruned"] == {"tick": 2, "tock": 1}
    assert done.ok
    assert maintain(home.session).pruned == {}


def test_without_retention_everything_is_kept(home: Home) -> None:
    home.config("tasks: {tick: {type: command, command: [/bin/true]}}")
    home.record("tick", "skipped", at=NOW_US - 4000 * DAY)
    assert maintain(home.session).pruned == {}


def test_a_broken_config_prunes_nothing_and_says_so(home: Home) -> None:
    home.config(CONFIG)
    home.record("tick", "skipped", at=NOW_US - 400 * DAY)
    home.config("tasks: [")
    done = maintain(home.session)
    assert not done.ok
    assert done.pruned == {}
    assert "Nothing was pruned" in done.problems[0]


def test_a_home_without_runs_gets_no_record(home: Home) -> None:
    home.config(CONFIG)
    assert maintain(home.session).ok
    assert not os.path.exists(home.paths.state_db)


def test_the_log_of_a_pruned_run_is_said_to_be_pruned(home: Home) -> None:
    home.config(CONFIG)
    old = home.record("tock", at=NOW_US - 50 * DAY, status="skipped")
    maintain(home.session)
    with pytest.raises(RunPrunedError, match="pruned") as caught:
        logs.read(home.session, old)
    assert caught.value.code == "run.pruned"
    assert caught.value.facts["status"] == "pruned"
    with pytest.raises(RunPrunedError):
        status.of_run(home.session, old)

"""What keeps `docket try` from running anything."""

from __future__ import annotations

import fcntl
import os

import pytest

from docket.app.history import history
from docket.app.runs.options import RunOptions
from docket.app.tuning.trying import trial
from docket.errors import (
    AlreadyRunningError,
    BusError,
    DestructiveRefusedError,
    DocketError,
    ParameterError,
    UsageError,
)
from docket.model.states import Trigger
from tests.unit.app.conftest import Home

CONFIG = """
policy: {manual: {destructive: deny}}
tasks:
  plain: {type: command, command: ["true"], inputs: {folder: "where"}}
  wipe: {type: command, command: ["true"], destructive: true}
  above: {type: command, command: ["true"], depends_on: [wipe]}
"""
AGENT = RunOptions(trigger=Trigger.AGENT, gated=True)


@pytest.mark.parametrize(
    ("task", "options", "error"),
    [
        ("wipe", AGENT, DestructiveRefusedError),
        ("above", AGENT, DestructiveRefusedError),
        ("wipe", RunOptions(), DestructiveRefusedError),
        ("plain", RunOptions(params=(("nope", "x"),)), ParameterError),
        ("plain", RunOptions(params=(("folder", "a\0b"),)), ParameterError),
        ("plain", RunOptions(sandbox="stirct"), UsageError),
        ("none", RunOptions(), DocketError),
        ("../x", RunOptions(), DocketError),
    ],
)
def test_what_may_not_run_is_not_tried_either(
    home: Home, task: str, options: RunOptions, error: type[DocketError]
) -> None:
    home.config(CONFIG)
    with pytest.raises(error):
        trial(home.session, task, options)
    assert history.runs(home.session).runs == ()


def test_a_run_of_the_task_is_in_the_way(home: Home) -> None:
    home.config(CONFIG)
    locks = os.path.join(home.paths.lock_dir, "tasks")
    os.makedirs(locks, mode=0o700)
    with open(os.path.join(locks, "plain.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunningError):
            trial(home.session, "plain")


def test_without_a_service_manager_nothing_is_tried(home: Home) -> None:
    home.config(CONFIG)
    home.units.refusal = "nobody answers"
    with pytest.raises(BusError):
        trial(home.session, "plain")

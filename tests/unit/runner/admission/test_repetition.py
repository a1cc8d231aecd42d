"""A skipped run for a path that stays as it is keeps its unit for a while."""

from __future__ import annotations

import os
import time

import pytest

from docket.store.orders.audit import Who
from docket.store.orders.overrides import PAUSE, Order, set_override
from tests.unit.runner.runner_home import Home

PATH = "docket-job.path"
BY_PATH = {"TRIGGER_UNIT": PATH, "INVOCATION_ID": "c" * 32}


@pytest.fixture
def paused(home: Home) -> Home:
    who = Who(os.getuid(), None, "cli")
    set_override(str(home.state_db), ["job"], Order(PAUSE), at_us=time.time_ns() // 1000, who=who)
    return home


def plan(home: Home, kind: str, timeout: float) -> None:
    home.plan(
        "job",
        "/bin/true",
        paths=[["/srv/in", kind]],
        unit_hashes={PATH: ""},
        timeout_seconds=timeout,
        grace_seconds=0.0,
    )


@pytest.mark.parametrize("kind", ["exists", "not_empty", "glob"])
def test_a_run_that_was_refused_stays_while_its_unit_may(paused: Home, kind: str) -> None:
    plan(paused, kind, 1.0)
    begun = time.monotonic()
    paused.run("job", environ=BY_PATH)
    assert time.monotonic() - begun >= 1.0
    (run,) = paused.ask(lambda reader: reader.runs("job"))
    assert (run.trigger, run.status, run.error_code) == ("path", "skipped", "paused")
    assert run.duration_seconds is not None
    assert run.duration_seconds < 1.0, "the row was closed before"


def test_a_run_for_a_change_ends_at_once(paused: Home) -> None:
    plan(paused, "changed", 3600.0)
    paused.run("job", environ=BY_PATH)
    (run,) = paused.ask(lambda reader: reader.runs("job"))
    assert (run.trigger, run.status) == ("path", "skipped")

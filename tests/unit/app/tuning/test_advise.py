"""`docket advise` proposes only what runs bear out, and names them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from docket.app.catalog.lookup import load_config
from docket.app.tuning.advise import TaskAdvice, advise
from docket.app.tuning.proposals import FEWEST, SAMPLE
from docket.errors import BrokenTaskError, UnknownTaskError
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

MINUTE = 60_000_000
CONFIG = """
tasks:
  job: {{type: command, command: ["true"], schedule: "0 3 * * *"{keys}}}
"""


def advised(home: Home, keys: str = "") -> TaskAdvice:
    home.config(CONFIG.format(keys=keys))
    (found,) = advise(home.session, "job").tasks
    require_valid("advise", advise(home.session, "job").document())
    return found


def ran(home: Home, count: int, seconds: float = 60, **known: Any) -> list[str]:
    """Record good runs that took so long, one an hour."""
    found = []
    for number in range(count):
        began = NOW_US - (number + 2) * 60 * MINUTE - int(seconds * 1e6)
        ended = began + int(seconds * 1e6)
        found.append(home.record("job", at=began, finished_at=ended, **known))
    return found


def proposed(found: TaskAdvice) -> dict[str, Any]:
    return {one.document()["key"]: one.document()["value"] for one in found.proposals}


def test_too_few_runs_give_no_proposal_and_the_number_that_is_missing(home: Home) -> None:
    ran(home, FEWEST - 1, peak_memory_bytes=100 << 20)
    found = advised(home)
    assert (found.proposals, found.patch) == ((), ())
    assert found.notes == ("It has 9 good runs, and 10 are needed before anything is proposed.",)


def test_failed_and_dry_runs_bear_out_nothing(home: Home) -> None:
    for status in ("failed", "timed_out", "killed", "lost"):
        for number in range(FEWEST):
            home.record("job", status, at=NOW_US - (number + 500) * MINUTE)
    ran(home, FEWEST, dry_run=True)
    assert advised(home).proposals == ()


def test_the_figures_come_from_the_runs_that_are_named(home: Home) -> None:
    runs = ran(home, FEWEST, 90, peak_memory_bytes=100 << 20)
    big = home.record("job", at=NOW_US - 30 * MINUTE, peak_memory_bytes=300 << 20)
    found = advised(home)
    told = proposed(found)
    assert told == {"timeout": "5min", "limits.memory": "640M", "sandbox": "standard"}
    memory = next(one for one in found.proposals if one.lines[0].path[0] == "limits")
    assert set(memory.runs) == {*runs, big}
    assert f"at most 300 MiB (median 100 MiB), in {big}" in memory.reason
    assert all(len(one.runs) >= FEWEST for one in found.proposals)


def test_the_patch_is_yaml_that_the_config_takes_with_a_reason_for_each_key(home: Home) -> None:
    ran(home, FEWEST, 90, peak_memory_bytes=100 << 20)
    found = advised(home, ", sandbox: {from: standard, hidden: [/srv/x]}")
    text = found.document()["patch_text"]
    assert text is not None
    assert yaml.safe_load(text) == found.document()["patch"]
    assert text.count("#") == len(found.proposals)
    entry = yaml.safe_load(text)["tasks"]["job"]
    home.config(
        yaml.safe_dump({"tasks": {"job": {"type": "command", "command": ["true"], **entry}}})
    )
    task = load_config(home.session).tasks["job"]
    assert (task.limits.memory, task.timeout_seconds) == (entry["limits"]["memory"], 300)


def test_a_task_that_is_set_up_already_is_left_alone(home: Home) -> None:
    ran(home, FEWEST, 90, peak_memory_bytes=100 << 20, sandbox="readonly")
    found = advised(home, ", timeout: 10min, limits: {memory: 1G}, sandbox: readonly")
    assert found.proposals == ()
    assert found.notes == ("The last 10 good runs give no reason to change anything.",)


def test_limits_that_are_nearly_reached_are_raised(home: Home) -> None:
    ran(home, FEWEST, 95, peak_memory_bytes=120 << 20, sandbox="strict")
    found = advised(home, ", timeout: 100s, limits: {memory: 128M}, sandbox: strict")
    assert proposed(found) == {"timeout": "5min", "limits.memory": "272M"}


def test_a_share_of_the_memory_is_somebodys_own_choice(home: Home) -> None:
    ran(home, FEWEST, peak_memory_bytes=100 << 20)
    assert "limits.memory" not in proposed(advised(home, ", limits: {memory: 20%}"))


def test_runs_without_a_figure_propose_no_limit_of_memory(home: Home) -> None:
    ran(home, FEWEST)
    found = advised(home)
    assert "limits.memory" not in proposed(found)
    assert "Too few of its runs have a figure of their memory to propose a limit." in found.notes


def test_a_sandbox_that_runs_were_in_is_proposed_without_a_trial(home: Home) -> None:
    runs = ran(home, FEWEST, sandbox="strict+writable")
    found = advised(home, ", sandbox: {from: standard, writable: [/srv/x]}")
    (step,) = [one for one in found.proposals if one.lines[0].path[0] == "sandbox"]
    assert proposed(found)["sandbox"] == {"from": "strict", "writable": ["/srv/x"]}
    assert (step.proof, step.runs) == ("", tuple(runs))


def test_a_step_that_no_run_was_in_needs_a_trial_first(home: Home) -> None:
    ran(home, FEWEST, sandbox="standard")
    found = advised(home, ", sandbox: standard")
    (step,) = [one for one in found.proposals if one.lines[0].path[0] == "sandbox"]
    assert proposed(found)["sandbox"] == "strict"
    assert step.proof == "docket try job --sandbox strict"


def test_runs_in_a_looser_sandbox_than_the_config_asks_for_prove_nothing(home: Home) -> None:
    ran(home, FEWEST, sandbox="none")
    assert "sandbox" not in proposed(advised(home, ", sandbox: standard"))


def test_fires_that_came_too_late_propose_a_longer_catch_up(home: Home) -> None:
    ran(home, FEWEST)
    late = [
        home.record(
            "job",
            "skipped",
            at=NOW_US - number * 1440 * MINUTE,
            scheduled_for=NOW_US - number * 1440 * MINUTE - 80 * MINUTE,
            error_code="too_late",
            trigger="catch-up",
        )
        for number in (2, 3)
    ]
    found = advised(home, ", catch_up: 1h")
    assert proposed(found)["catch_up"] == "2h"
    (line,) = [one for one in found.proposals if one.lines[0].path == ("catch_up",)]
    assert set(line.runs) == set(late)
    assert "catch_up" not in proposed(advised(home))


def test_only_the_newest_runs_count(home: Home) -> None:
    ran(home, SAMPLE, 10)
    home.record("job", at=NOW_US - 90_000 * MINUTE, finished_at=NOW_US - 80_000 * MINUTE)
    assert proposed(advised(home))["timeout"] == "1min"


@pytest.mark.parametrize("sandbox", ["", "nonsense", "strict\0", "+", "x" * 10_000])
def test_a_damaged_row_proves_no_sandbox(home: Home, sandbox: str) -> None:
    ran(home, FEWEST, sandbox=sandbox)
    step = proposed(advised(home)).get("sandbox")
    assert step in (None, "standard")


def test_tasks_that_cannot_be_used_are_named(home: Home) -> None:
    home.config("tasks:\n  good: {type: command, command: 'true'}\n  broken: {type: command}\n")
    found = advise(home.session)
    assert [one.task for one in found.tasks] == ["good"]
    assert found.warnings == ("Task 'broken' is broken: docket check says how.",)
    with pytest.raises(BrokenTaskError):
        advise(home.session, "broken")
    with pytest.raises(UnknownTaskError):
        advise(home.session, "goood")

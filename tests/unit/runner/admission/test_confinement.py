"""A run that has to be confined does not run outside of its sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from docket.model.rows import RunRow
from docket.model.states import Trigger
from docket.model.task.sandbox import Profile, Starter
from docket.runner.admission.confinement import too_loose
from tests.unit.runner.runner_home import Home


def last(home: Home, task: str) -> Any:
    return home.ask(lambda reader: reader.runs(task))[0]


def test_a_confined_task_is_not_run_without_its_unit(home: Home) -> None:
    home.plan("job", "/bin/true", sandbox={"profile": "strict"})
    result = home.result("job", "--force")
    assert (result["status"], result["error_code"]) == ("skipped", "sandbox")
    assert "has to run in the sandbox strict, and would run in none" in result["summary"]


def test_a_word_that_the_kernel_does_not_bear_out_counts_for_nothing(home: Home) -> None:
    home.plan("job", "/bin/true", sandbox={"profile": "standard"})
    assert home.result("job", "--sandbox", "strict")["error_code"] == "sandbox"
    assert last(home, "job").sandbox == "none"


@pytest.mark.parametrize(("floor", "code"), [("agent", None), ("manual", "sandbox")])
def test_the_floor_of_whoever_starts_the_run_holds(
    home: Home, floor: str, code: str | None
) -> None:
    home.plan("job", "/bin/true", policy={floor: {"sandbox": "standard", "destructive": "allow"}})
    assert home.result("job")["error_code"] == code


def test_a_dependency_that_is_confined_more_tightly_is_skipped(home: Home) -> None:
    home.plan("base", "/bin/true", sandbox={"profile": "strict"})
    home.plan("top", "/bin/true", depends_on=["base"])
    assert home.result("top")["error_code"] == "dependency"
    assert last(home, "base").error_code == "sandbox"


def test_a_run_without_a_sandbox_says_so_in_its_row(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.result("job")
    assert last(home, "job").sandbox == "none"


@pytest.mark.parametrize("trigger", [one for one in Trigger if one is not Trigger.DEPENDENCY])
@pytest.mark.parametrize("starter", Starter)
def test_the_runner_knows_starters_and_the_order_of_profiles_as_the_config_does(
    home: Home, trigger: Trigger, starter: Starter
) -> None:
    for floor in Profile:
        policy = {str(starter): {"sandbox": str(floor), "destructive": "allow"}}
        plan = home.plan("job", "/bin/true", policy=policy)
        demanded = floor if Starter.of(trigger) is starter else Profile.NONE
        for found in Profile:
            row = RunRow(
                run_id="20261120T090000000000Z-00000000",
                task="job",
                trigger=str(trigger),
                started_at=0,
                sandbox=str(found),
            )
            assert (too_loose(plan, row) is not None) == (found.rank < demanded.rank)

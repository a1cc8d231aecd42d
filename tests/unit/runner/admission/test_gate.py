"""The gate before destructive tasks as the runner keeps it: `docket exec --no-destructive`."""

from __future__ import annotations

from typing import Any

import pytest

from docket.model.plan import Source
from tests.unit.runner.runner_home import Home


def noting(home: Home, task: str, *names: str, **more: Any) -> None:
    script = f"echo {task} >> {home.path}/order"
    home.plan(task, "/bin/sh", "-c", script, depends_on=list(names), **more)


def order(home: Home) -> list[str]:
    path = home.path / "order"
    return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize("more", [[], ["--force"], ["--trigger", "agent"]])
def test_a_destructive_task_is_skipped_with_the_reason(home: Home, more: list[str]) -> None:
    noting(home, "wipe", closed_to_agents="is destructive")
    result = home.result("wipe", "--no-destructive", *more)
    assert (result["status"], result["error_code"]) == ("skipped", "destructive_refused")
    assert home.ask(lambda reader: reader.runs("wipe"))[0].error_code == "destructive_refused"
    assert order(home) == []


def test_a_destructive_dependency_is_skipped_at_any_depth(home: Home) -> None:
    noting(home, "wipe", closed_to_agents="is destructive")
    noting(home, "between", "wipe")
    noting(home, "front", "between")
    result = home.result("front", "--no-destructive")
    assert (result["status"], result["error_code"]) == ("skipped", "destructive_refused")
    assert "its dependency between may not run" in result["summary"]
    assert order(home) == []
    assert home.ask(lambda reader: reader.runs("wipe"))[0].error_code == "destructive_refused"


def test_without_the_gate_a_destructive_task_runs(home: Home) -> None:
    noting(home, "wipe", closed_to_agents="is destructive")
    noting(home, "front", "wipe")
    assert home.result("front")["status"] == "succeeded"
    assert home.result("wipe", "--trigger", "agent")["status"] == "succeeded"
    assert order(home) == ["wipe", "front", "wipe"]


def test_a_task_that_destroys_nothing_passes_the_gate(home: Home) -> None:
    noting(home, "base")
    noting(home, "top", "base")
    assert home.result("top", "--no-destructive")["status"] == "succeeded"
    assert order(home) == ["base", "top"]


def test_a_plan_that_is_out_of_date_does_not_evade_the_gate(home: Home) -> None:
    """A config that cannot be compiled runs the last good plan for people, and not for agents."""
    config = home.path / "config.yaml"
    config.write_text("tasks: {}")
    config.chmod(0o600)
    source = Source(str(config), 0, 0, 0, 0)
    noting(home, "base", sources=[source])
    config.write_text("tasks: {base: [")
    for more in ([], ["--force"]):
        result = home.result("base", "--no-destructive", *more)
        assert (result["status"], result["error_code"]) == ("skipped", "destructive_refused")
        assert "its plan is not that of the present configuration" in result["summary"]
    assert order(home) == []
    assert home.result("base")["status"] == "succeeded"
    assert order(home) == ["base"]

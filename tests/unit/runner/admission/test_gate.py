"""The gate before destructive tasks as the runner keeps it: `docket exec --no-destructive`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runner.runner_home import Home


def noting(home: Home, task: str, *names: str, **more: Any) -> None:
    script = f"echo {task} >> {home.path}/order"
    home.plan(task, "/bin/sh", "-c", script, depends_on=list(names), **more)


def order(home: Home) -> list[str]:
    path = home.path / "order"
    return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize("more", [[], ["--force"], ["--trigger", "agent"]])
def test_a_destructive_task_is_skipped_with_the_reason(home: Home, more: list[str]) -> None:
    noting(home, "wipe", destructive=True, unattended="allow")
    result = home.result("wipe", "--no-destructive", *more)
    assert (result["status"], result["error_code"]) == ("skipped", "destructive_refused")
    assert home.ask(lambda reader: reader.runs("wipe"))[0].error_code == "destructive_refused"
    assert order(home) == []


def test_a_destructive_dependency_is_skipped_at_any_depth(home: Home) -> None:
    noting(home, "wipe", destructive=True, unattended="allow")
    noting(home, "between", "wipe")
    noting(home, "front", "between")
    result = home.result("front", "--no-destructive")
    assert (result["status"], result["error_code"]) == ("skipped", "destructive_refused")
    assert "its dependency between may not run" in result["summary"]
    assert order(home) == []
    assert home.ask(lambda reader: reader.runs("wipe"))[0].error_code == "destructive_refused"


def test_without_the_gate_a_destructive_task_runs(home: Home) -> None:
    noting(home, "wipe", destructive=True, unattended="allow")
    noting(home, "front", "wipe")
    assert home.result("front")["status"] == "succeeded"
    assert home.result("wipe", "--trigger", "agent")["status"] == "succeeded"
    assert order(home) == ["wipe", "front", "wipe"]


def test_a_task_that_destroys_nothing_passes_the_gate(home: Home) -> None:
    noting(home, "base")
    noting(home, "top", "base")
    assert home.result("top", "--no-destructive")["status"] == "succeeded"
    assert order(home) == ["base", "top"]

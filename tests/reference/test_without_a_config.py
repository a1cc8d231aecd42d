"""Before there is a config, commands show the built-in tasks and say that there is no config."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference.defects.program import Program


@pytest.fixture
def newcomer(tmp_path: Path) -> Program:
    """Return the program in a home that nobody has configured."""
    program = Program(tmp_path / "person")
    (program.home / "config.yaml").unlink()
    return program


@pytest.mark.parametrize("words", ["list", "capabilities", "describe health-check", "status"])
def test_agents_begin_before_there_is_a_config(newcomer: Program, words: str) -> None:
    answer = newcomer.say("--json", *words.split())
    assert answer.exit_code == 0
    assert "health-check" in answer.out or words == "status"


def test_a_built_in_task_runs_without_a_config(newcomer: Program) -> None:
    assert newcomer.ask("run", "health-check")["details"]["disk"]["ok"] in (True, False)


@pytest.mark.parametrize("words", ["check", "install", "run job", "describe job"])
def test_what_needs_a_config_says_that_there_is_none(newcomer: Program, words: str) -> None:
    answer = newcomer.say(*words.split(), "--json")
    assert answer.exit_code == 1
    assert "docket configure" in answer.out


def test_a_configured_task_that_lost_its_config_is_not_run_with_defaults(
    newcomer: Program,
) -> None:
    newcomer.config("tasks: {health-check: {checks: [memory], schedule: '@daily'}}\n")
    newcomer.say("install")
    (newcomer.home / "config.yaml").unlink()
    assert newcomer.ask("run", "health-check")["error_code"] == "config.missing"
    assert newcomer.ask("runs") == []

"""Floors by who starts a run: a task, an option and a variable tighten them, and never loosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.lookup import current_plan
from docket.app.record.runrequests import Launcher
from docket.app.runs.options import RunOptions
from docket.app.runs.policy import Asker, policy
from docket.app.runs.run import run
from docket.app.runs.sandboxing import in_its_sandbox
from docket.app.session.session import Session, open_session
from docket.errors import DestructiveRefusedError, NeedsSystemdError, UsageError
from docket.model.states import Trigger
from docket.paths import exec_command

CONFIG = """
policy:
  unattended: {sandbox: standard, destructive: deny}
  agent: {sandbox: strict, destructive: deny}
tasks:
  loose: {type: command, command: "true", schedule: "0 3 * * *"}
  own:
    type: command
    command: "true"
    sandbox: {from: strict, writable: [/srv/out]}
  wiping:
    type: command
    command: "true"
    schedule: "0 3 * * *"
    destructive: true
    unattended: allow
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text(CONFIG)
    (home / "config.yaml").chmod(0o600)
    return open_session({"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("task", "asker", "option", "sandbox", "decided_by"),
    [
        ("loose", Asker.MANUAL, None, "none", "task"),
        ("loose", Asker.TIMER, None, "standard", "policy"),
        ("loose", Asker.AGENT, None, "strict", "policy"),
        ("loose", Asker.AGENT, "none", "strict", "policy"),
        ("loose", Asker.AGENT, "readonly", "readonly", "option"),
        ("loose", Asker.TIMER, "readonly", "standard", "policy"),
        ("own", Asker.TIMER, None, "strict+writable", "task"),
        ("own", Asker.MANUAL, "standard", "strict+writable", "task"),
        ("own", Asker.MANUAL, "readonly", "readonly", "option"),
    ],
)
def test_the_tightest_of_all_demands_is_in_force(
    session: Session, task: str, asker: Asker, option: str | None, sandbox: str, decided_by: str
) -> None:
    found = policy(session, task, asker, option)
    assert (found.sandbox.word, found.decided_by, found.allowed) == (sandbox, decided_by, True)


def test_a_variable_tightens_a_run_and_never_loosens_it(session: Session) -> None:
    def word(value: str) -> str:
        environ = {**session.environ, "DOCKET_SANDBOX": value}
        return policy(session.replace(environ=environ), "loose", Asker.AGENT).sandbox.word

    assert (word("none"), word("readonly")) == ("strict", "readonly")
    with pytest.raises(UsageError) as caught:
        word("strickt")
    assert "did you mean strict?" in (caught.value.hint or "")


@pytest.mark.parametrize("trigger", [Trigger.AGENT, Trigger.MANUAL, Trigger.ASYNC])
def test_what_is_shown_is_what_a_run_gets(session: Session, trigger: Trigger) -> None:
    asker = Asker.AGENT if trigger is Trigger.AGENT else Asker.MANUAL
    shown = policy(session, "own", asker).sandbox.word
    plan = in_its_sandbox(session, current_plan(session, "own"), trigger, None)
    (line,) = [value[0] for name, _, value in plan.service if name == "ExecStartEx"]
    assert line[1][-2:] == ["--sandbox", shown]
    assert plan.needs_systemd
    told = {name: value for name, _, value in plan.service}
    assert ["/srv/out" in path for path in told["ReadWritePaths"]].count(True) == 1


def test_a_run_that_has_to_be_confined_is_not_run_outside_of_a_unit(session: Session) -> None:
    with pytest.raises(NeedsSystemdError):
        run(session, exec_command(), "own", RunOptions(launcher=Launcher.DIRECT))


def test_destructive_tasks_are_denied_to_those_whom_the_policy_names(session: Session) -> None:
    found = {asker: policy(session, "wiping", asker).allowed for asker in Asker}
    assert found == {Asker.TIMER: False, Asker.AGENT: False, Asker.MANUAL: True}
    plan = current_plan(session, "wiping")
    with pytest.raises(DestructiveRefusedError) as caught:
        in_its_sandbox(session, plan, Trigger.AGENT, None)
    assert "the policy denies such tasks to agent runs" in caught.value.sentence
    compilation = compile_tasks(session)
    (problem,) = compilation.problems
    assert (problem.task, problem.code) == ("wiping", "task.unattended")
    assert "`policy` denies it" in (problem.hint or "")

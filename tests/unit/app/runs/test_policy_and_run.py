"""`docket policy` says what the run then does: kinds of tasks by who starts them."""

from __future__ import annotations

import os
import subprocess

import pytest

from docket.app.catalog.compilation import compile_tasks
from docket.app.history import history
from docket.app.runs.gate import refuse_destructive
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.policy import Asker, policy
from docket.app.runs.run import run
from docket.errors import DestructiveRefusedError
from docket.model.states import Trigger
from docket.paths import exec_command
from tests.unit.app.conftest import Home

CLASS = """
from docket.task import BaseTask, TaskResult

class Wipe(BaseTask):
    name = "wipe"
    description = "Wipes."
    destructive = True

    def run(self, config):
        return TaskResult(True, "done")
"""
TASKS = """
tasks:
  plain: {type: command, command: ["true"], schedule: "0 3 * * *"}
  declared: {type: command, command: ["true"], destructive: true}
  allowed: {type: command, command: ["true"], destructive: true, unattended: allow}
  deleting: {type: backup, tool: rclone, source: /nowhere, remote: "r:b"}
  wipe: {destructive: false}
  above: {type: command, command: ["true"], depends_on: [allowed]}
  higher: {type: command, command: ["true"], depends_on: [declared]}
"""
KINDS = ("plain", "declared", "allowed", "deleting", "wipe", "above", "higher", "health-check")
DENY_ALL = (
    "{unattended: {destructive: deny}, agent: {destructive: deny}, manual: {destructive: deny}}"
)
REFUSALS = ("unattended", "destructive_refused", "dependency")


def is_let_run(home: Home, task: str, asker: Asker) -> bool:
    """Start the run as `asker` does, and return whether the task itself was tried."""
    if asker is Asker.TIMER:
        words = [*exec_command(), task, "--home", home.paths.home, "--trigger", "timer", "--quiet"]
        subprocess.run(words, env=home.environ, check=False, capture_output=True, timeout=60)
        (row,) = history.runs(home.session, task=task, limit=1).runs
        return row.error_code not in REFUSALS
    agent = asker is Asker.AGENT
    options = RunOptions(trigger=Trigger.AGENT if agent else Trigger.MANUAL, gated=agent)
    try:
        if agent:
            refuse_destructive(home.session, task)
        found = run(home.session, exec_command(), task, options, Attachment(echo=False))
    except DestructiveRefusedError:
        return False
    return found.error_code not in REFUSALS


@pytest.fixture
def home(home: Home) -> Home:
    os.makedirs(home.paths.task_dir, mode=0o700, exist_ok=True)
    home.file(os.path.join(home.paths.task_dir, "wipe.py"), CLASS)
    return home


@pytest.mark.parametrize("rules", ["{}", "{unattended: {destructive: deny}}", DENY_ALL])
def test_the_policy_that_is_shown_is_what_the_run_meets(home: Home, rules: str) -> None:
    home.config(f"policy: {rules}\n{TASKS}")
    every = [(task, asker) for task in KINDS for asker in Asker]
    shown = {one: policy(home.session, *one).allowed for one in every}
    assert shown == {one: is_let_run(home, *one) for one in every}
    denied = {task for task, asker in every if asker is Asker.TIMER and not shown[task, asker]}
    wanted = {"declared", "higher"}
    if rules != "{}":
        wanted |= {"allowed", "deleting", "wipe", "above"}
    assert denied == wanted


def test_a_backup_that_deletes_gets_no_timer_if_the_policy_denies_that(home: Home) -> None:
    scheduled = TASKS.replace('"r:b"}', '"r:b", schedule: "0 3 * * *"}')
    home.config(scheduled)
    assert compile_tasks(home.session).problems == ()
    home.config(f"policy: {{unattended: {{destructive: deny}}}}\n{scheduled}")
    (problem,) = compile_tasks(home.session).problems
    assert (problem.task, problem.code) == ("deleting", "task.unattended")
    assert "`policy` denies it" in (problem.hint or "")


def test_a_dry_run_is_allowed_whatever_the_policy_denies(home: Home) -> None:
    home.config(f"policy: {DENY_ALL}\n{TASKS}")
    for trigger in (Trigger.AGENT, Trigger.MANUAL):
        options = RunOptions(dry_run=True, trigger=trigger)
        found = run(home.session, exec_command(), "allowed", options, Attachment(echo=False))
        assert (found.dry_run, found.ok) == (True, True)


def test_an_agent_whose_server_allows_all_is_still_held_by_the_policy_below(home: Home) -> None:
    home.config(f"policy: {{agent: {{destructive: deny}}}}\n{TASKS}")
    options = RunOptions(trigger=Trigger.AGENT, gated=False)
    with pytest.raises(DestructiveRefusedError):
        run(home.session, exec_command(), "above", options, Attachment(echo=False))
    assert policy(home.session, "above", Asker.AGENT).allowed is False


def test_a_unit_that_no_timer_started_is_unattended_for_the_policy(home: Home) -> None:
    words = [*exec_command(), "allowed", "--home", home.paths.home, "--quiet"]
    codes = []
    for rules in ("{}", "{unattended: {destructive: deny}}"):
        home.config(f"policy: {rules}\n{TASKS}")
        subprocess.run(words, env=home.environ, check=False, capture_output=True, timeout=60)
        (row,) = history.runs(home.session, task="allowed", limit=1).runs
        codes.append((row.trigger, row.error_code))
    assert codes == [("manual", None), ("manual", "unattended")]

"""The gate before destructive tasks: checked beforehand, and enforced by the runner in any case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.lookup import current_plan
from docket.app.history import history
from docket.app.runs.gate import refuse_destructive
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.run import run
from docket.app.runs.start import start
from docket.app.runs.wait import wait
from docket.app.status.describe import describe
from docket.errors import BrokenTaskError, DestructiveRefusedError
from docket.model.states import RunStatus, Trigger
from docket.paths import exec_command
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  safe: {type: command, command: ["true"]}
  wipe: {type: command, command: ["true"], destructive: true, unattended: allow}
  left: {type: command, command: ["true"], depends_on: [safe]}
  right: {type: command, command: ["true"], depends_on: [safe, wipe]}
  top: {type: command, command: ["true"], depends_on: [left, right]}
"""

QUIET = Attachment(echo=False)


def gated(home: Home, task: str, **options: Any) -> Any:
    return run(
        home.session,
        exec_command(),
        task,
        RunOptions(gated=True, trigger=Trigger.AGENT, **options),
        QUIET,
    )


@pytest.mark.parametrize(
    ("task", "through"),
    [("wipe", []), ("right", ["wipe"]), ("top", ["right", "wipe"])],
)
def test_what_is_destructive_is_refused_with_the_way_to_it(
    home: Home, task: str, through: list[str]
) -> None:
    home.config(CONFIG)
    with pytest.raises(DestructiveRefusedError) as refused:
        refuse_destructive(home.session, task)
    assert (refused.value.facts["task"], refused.value.facts["through"]) == (task, through)
    require_valid("error", refused.value.document())


@pytest.mark.parametrize("task", ["safe", "left"])
def test_what_destroys_nothing_is_let_through(home: Home, task: str) -> None:
    home.config(CONFIG)
    refuse_destructive(home.session, task)
    assert gated(home, task).status is RunStatus.SUCCEEDED


def test_a_dependency_that_cannot_be_known_lets_nothing_through(home: Home) -> None:
    home.config(CONFIG.replace('safe: {type: command, command: ["true"]}', "safe: {type: command}"))
    with pytest.raises(BrokenTaskError):
        refuse_destructive(home.session, "left")


@pytest.mark.parametrize("force", [False, True])
def test_changing_the_config_after_the_question_does_not_evade_the_gate(
    home: Home, force: bool
) -> None:
    home.config(CONFIG.replace("destructive: true, ", ""))
    refuse_destructive(home.session, "wipe")
    plan = current_plan(home.session, "wipe")
    home.config(CONFIG)
    with pytest.raises(DestructiveRefusedError) as refused:
        gated(home, "wipe", force=force)
    assert plan.denied_to == {}
    (row,) = history.runs(home.session).runs
    assert (row.status, row.error_code) == (RunStatus.SKIPPED, "destructive_refused")
    assert (row.run_id, row.trigger) == (refused.value.facts["run_id"], Trigger.AGENT)


def test_a_run_that_the_runner_refuses_as_a_dependency_gives_the_same_error(
    home: Home,
) -> None:
    home.config(CONFIG)
    with pytest.raises(DestructiveRefusedError, match="its dependency right may not run"):
        gated(home, "top")
    assert {(row.task, row.status) for row in history.runs(home.session).runs} == {
        ("top", RunStatus.SKIPPED),
        ("left", RunStatus.SUCCEEDED),
        ("safe", RunStatus.SUCCEEDED),
        ("right", RunStatus.SKIPPED),
        ("wipe", RunStatus.SKIPPED),
    }


def test_a_run_in_the_background_is_refused_by_its_runner(home: Home, tmp_path: Path) -> None:
    home.config(CONFIG)
    units = FakeUnits(str(tmp_path / "units"), str(tmp_path / "stamps"))
    units.absent = True
    session = home.session.replace(units=lambda: units)
    receipt = start(session, "wipe", RunOptions(force=True, trigger=Trigger.AGENT, gated=True))
    (waited,) = wait(session, [receipt.run_id]).waited
    assert (waited.run.status, waited.run.error_code) == (RunStatus.SKIPPED, "destructive_refused")


BACKUP = "tasks:\n  copy: {{type: backup, source: /nowhere, remote: '/nowhere/else', {keys}}}\n"


@pytest.mark.parametrize(
    ("keys", "closed"),
    [
        ("tool: rclone", True),
        ("tool: rclone, destructive: false", True),
        ("tool: rsync", False),
        ("tool: rsync, extra_args: [--delete-after]", True),
        ("tool: rsync, extra_args: [--del]", True),
        ("tool: rsync, extra_args: [--remove-source-files]", True),
        ("tool: rsync, extra_args: [--remove-sent-files]", True),
        ("tool: rsync, extra_args: [-M--delete]", True),
        ("tool: rsync, extra_args: [-avM--remove-source-files]", True),
        ("tool: rsync, extra_args: ['--remote-option=--delete']", True),
        ("tool: rsync, extra_args: [-M--no-perms, --max-delete=3]", False),
        ("tool: rsync, destructive: true", True),
        ("tool: hbackup", False),
        ("tool: gog", False),
    ],
)
def test_a_backup_with_a_tool_that_deletes_is_closed_to_agents(
    home: Home, keys: str, closed: bool
) -> None:
    home.config(BACKUP.format(keys=keys))
    assert describe(home.session, "copy").document()["destructive"] is closed
    if not closed:
        refuse_destructive(home.session, "copy")
        return
    with pytest.raises(DestructiveRefusedError, match="It is destructive"):
        refuse_destructive(home.session, "copy")
    with pytest.raises(DestructiveRefusedError):
        gated(home, "copy", force=True)


def test_a_backup_that_deletes_needs_no_word_for_its_timer(home: Home) -> None:
    home.config(BACKUP.format(keys="tool: rclone, schedule: '@daily'"))
    compilation = compile_tasks(home.session)
    assert [sorted(bundle.units) for bundle in compilation.bundles.values()] == [
        ["docket-copy.service", "docket-copy.timer"]
    ]


@pytest.mark.parametrize("task", ["backup", "hbackup", "health-check"])
@pytest.mark.parametrize("config", [CONFIG, None])
def test_a_built_in_task_without_an_entry_is_closed_to_agents(
    home: Home, task: str, config: str | None
) -> None:
    if config is not None:
        home.config(config)
    with pytest.raises(DestructiveRefusedError, match="has no entry in the configuration"):
        refuse_destructive(home.session, task)
    with pytest.raises(DestructiveRefusedError):
        gated(home, task, force=True)


CLASS = """
from docket.task import BaseTask, TaskResult

class Wipe(BaseTask):
    name = "wiper"
    destructive = True

    def run(self, config):
        return TaskResult(True, "wiped")
"""


def test_a_config_cannot_open_a_destructive_class_to_agents(home: Home) -> None:
    folder = Path(home.session.paths.home) / "tasks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "wiper.py").write_text(CLASS)
    home.config("tasks:\n  wiper: {destructive: false, schedule: '@daily'}\n")
    with pytest.raises(DestructiveRefusedError, match="It is destructive"):
        refuse_destructive(home.session, "wiper")
    with pytest.raises(DestructiveRefusedError):
        gated(home, "wiper")
    assert (
        run(home.session, exec_command(), "wiper", attachment=QUIET).status is RunStatus.SUCCEEDED
    )

"""`docket run` through a real `docket exec`, and through runners that fail in every way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from docket.app.catalog.planfiles import read_plan
from docket.app.history import history
from docket.app.record.runrequests import Launcher
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.run import RunOutcome, run
from docket.app.status import status
from docket.errors import (
    AlreadyRunningError,
    BrokenTaskError,
    ConfigError,
    ConfigMissingError,
    DocketError,
    NameRefusedError,
    NeedsSystemdError,
    NotStartedError,
    ParameterError,
    RunnerDiedError,
    UnknownTaskError,
)
from docket.model.records import RunRecord
from docket.model.states import RunStatus
from docket.paths import exec_command
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  hello: {type: command, command: [echo, hello], on_complete: "echo $DOCKET_STATUS"}
  fails: {type: command, command: [sh, -c, "echo out; echo err >&2; exit 7"]}
  lines: {type: command, command: [sh, -c, 'echo "{\\"event\\": \\"a\\"}"'], output_format: jsonl}
  waits: {type: command, command: [sleep, "60"], grace: 1s}
  brief: {type: command, command: [sleep, "3"]}
  secure: {type: command, command: [echo, x], credentials: {key: /etc/hostname}}
  shut: {type: command, command: [echo, x], unit: {Service: {PrivateTmp: "yes"}}}
  twice: {type: command, command: ["false"], retry: 1, backoff_base: 0.1}
  preview: {type: command, command: [echo, real], dry_run_command: [echo, preview]}
  told: {type: command, command: [sh, -c, 'printf %s "$DOCKET_PARAM_TO_DIR"'], inputs: {to-dir: x}}
  broken: {type: command}
"""

QUIET = Attachment(echo=False)


def go(home: Home, task: str, **options: Any) -> RunOutcome:
    home.config(CONFIG)
    return run(home.session, exec_command(), task, RunOptions(**options), QUIET)


def with_runner(home: Home, body: str) -> RunOutcome:
    """Run a task through a runner of the test's own, in Python."""
    home.config(CONFIG)
    head = (
        "import json, os, signal, sys\n"
        "words = sys.argv[1:]\n"
        "run_id = words[words.index('--run-id') + 1]\n"
        "fd = int(words[words.index('--result-fd') + 1])\n"
    )
    return run(home.session, [sys.executable, "-IS", "-c", head + body], "hello", attachment=QUIET)


def test_a_run_is_reported_and_recorded_and_its_plan_kept(home: Home) -> None:
    outcome = go(home, "hello")
    document = require_valid("run", outcome.document())
    assert (document["ok"], document["status"], document["exit_code"]) == (True, "succeeded", 0)
    assert document["details"]["stdout"] == "hello\n"
    assert [hook["stdout"] for hook in document["hooks"]] == ["succeeded\n"]
    assert document["typical_duration"]["sample_size"] == 1
    [recorded] = history.runs(home.session).runs
    assert (recorded.run_id, str(recorded.trigger)) == (outcome.run_id, "manual")
    assert read_plan(home.paths, "hello") is not None
    require_valid("status", status.of_run(home.session, outcome.run_id).document())


def test_a_failure_is_an_outcome_and_no_error(home: Home) -> None:
    outcome = go(home, "fails")
    document = require_valid("run", outcome.document())
    assert (document["ok"], document["status"], document["exit_code"]) == (False, "failed", 1)
    assert document["details"]["exit_code"] == 7
    assert document["error_code"] == "exit_code"


@pytest.mark.parametrize("value", ["/srv/a b", "", "$HOME `x` 100%", "two\nlines", "ü" * 9, "a=b"])
def test_a_parameter_reaches_the_child_and_the_record(home: Home, value: str) -> None:
    outcome = go(home, "told", params=[("to-dir", value)])
    assert outcome.details["stdout"] == value
    [recorded] = history.runs(home.session).runs
    assert recorded.params == {"to-dir": value}
    left = os.listdir(os.path.join(home.paths.lock_dir, "runs"))
    assert [name for name in left if name.endswith(".request")] == []


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([("to_dir", "x")], "Did you mean 'to-dir'?"),
        ([("", "x")], "It takes: to-dir."),
        ([("to-dir", "a"), ("to-dir", "b")], "twice"),
        ([("to-dir", "a\0b")], "NUL"),
        ([("to-dir", "\udce4")], "UTF-8"),
        ([("to-dir", "x" * 70_000)], "64 KiB"),
    ],
)
def test_a_parameter_that_cannot_be_given_starts_no_run(
    home: Home, pairs: list[tuple[str, str]], why: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        go(home, "told", params=pairs)
    assert why in f"{caught.value.sentence} {caught.value.hint}"
    assert history.runs(home.session).runs == ()


def test_a_task_without_inputs_takes_no_parameters(home: Home) -> None:
    with pytest.raises(ParameterError) as caught:
        go(home, "hello", params=[("x", "y")])
    assert "takes no parameters" in str(caught.value.hint)


def test_retries_are_counted(home: Home) -> None:
    assert go(home, "twice").retry_count == 1


def test_events_are_recorded(home: Home) -> None:
    outcome = go(home, "lines")
    assert len(history.events(home.session, outcome.run_id).events) == 1


def test_a_dry_run_leaves_nothing_and_ends_with_2(home: Home) -> None:
    outcome = go(home, "hello", dry_run=True)
    document = require_valid("run", outcome.document())
    assert (document["dry_run"], document["exit_code"], document["hooks"]) == (True, 2, [])
    assert document["summary"].startswith("Would run: ")
    assert history.runs(home.session).runs == ()
    assert not os.path.exists(home.paths.state_db)


def test_a_dry_run_runs_its_own_command_if_there_is_one(home: Home) -> None:
    outcome = go(home, "preview", dry_run=True)
    assert outcome.details["stdout"] == "preview\n"
    assert outcome.exit_code == 2


def test_a_second_run_is_refused_and_names_the_first(home: Home) -> None:
    home.config(CONFIG)
    first: list[RunOutcome] = []
    thread = threading.Thread(target=lambda: first.append(go(home, "waits")))
    thread.start()
    holder = _wait_for_running(home)
    with pytest.raises(AlreadyRunningError) as caught:
        go(home, "waits")
    document = require_valid("error", caught.value.document())
    assert (document["task"], document["blocked_by"]) == ("waits", holder.run_id)
    assert f"(PID {holder.pid})" in document["error"]
    assert history.runs(home.session, "waits", 1).runs[0].run_id == document["run_id"]
    os.kill(holder.pid or 0, signal.SIGINT)
    thread.join(30)
    assert first[0].status is RunStatus.CANCELLED


def test_ctrl_c_cancels_the_run_and_its_outcome_is_shown(home: Home) -> None:
    home.config(CONFIG)
    timer = threading.Thread(target=lambda: _interrupt_when_running(home))
    timer.start()
    outcome = go(home, "waits")
    timer.join()
    document = require_valid("run", outcome.document())
    assert (document["status"], document["exit_code"]) == ("cancelled", 130)
    assert history.runs(home.session).runs[0].status is RunStatus.CANCELLED


@pytest.mark.parametrize("task", ["secure", "shut"])
def test_a_task_that_only_a_unit_can_run_is_refused_if_there_is_none(home: Home, task: str) -> None:
    home.config(CONFIG)
    absent = FakeUnits("", "")
    absent.absent = True
    session = home.session.replace(units=lambda: absent)
    for launcher in (Launcher.AUTO, Launcher.DIRECT):
        with pytest.raises(NeedsSystemdError) as caught:
            run(session, exec_command(), task, RunOptions(launcher=launcher))
        require_valid("error", caught.value.document())
    assert history.runs(home.session).runs == ()


def test_a_unit_that_the_manager_refuses_is_recorded_as_a_failed_run(home: Home) -> None:
    home.config(CONFIG)
    refusing = FakeUnits("", "")
    refusing.refusing.add("*")
    with pytest.raises(NotStartedError):
        run(home.session.replace(units=lambda: refusing), exec_command(), "secure")
    [recorded] = history.runs(home.session).runs
    assert (str(recorded.status), recorded.error_code) == ("failed", "not_started")
    assert str(recorded.trigger) == "manual"


def test_such_a_task_can_be_previewed(home: Home) -> None:
    outcome = go(home, "secure", dry_run=True)
    assert (outcome.exit_code, outcome.document()["dry_run"]) == (2, True)
    assert outcome.summary.startswith("Would run: ")
    assert history.runs(home.session).runs == ()


def test_an_unknown_task_gets_the_nearest_name(home: Home) -> None:
    with pytest.raises(UnknownTaskError) as caught:
        go(home, "helo")
    assert "hello" in str(caught.value.hint)


def test_a_broken_task_is_reported_with_its_place_and_the_others_run(home: Home) -> None:
    with pytest.raises(BrokenTaskError) as caught:
        go(home, "broken")
    assert "config.yaml:" in caught.value.sentence
    require_valid("error", caught.value.document())
    assert go(home, "hello").ok


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "%i", "a\nb", "x" * 300, ""])
def test_a_name_that_no_task_can_have_reaches_no_runner(home: Home, name: str) -> None:
    home.config(CONFIG)
    with pytest.raises(NameRefusedError):
        run(home.session, ["/nonexistent"], name)


def test_a_broken_config_is_reported_and_nothing_runs(home: Home) -> None:
    home.config("tasks: [")
    with pytest.raises(ConfigError):
        run(home.session, exec_command(), "hello")
    os.unlink(home.paths.config)
    with pytest.raises(ConfigMissingError):
        run(home.session, exec_command(), "hello")


def test_a_changed_config_is_obeyed_at_once(home: Home) -> None:
    assert go(home, "hello").details["stdout"] == "hello\n"
    home.config("tasks:\n  hello: {type: command, command: [echo, changed]}\n")
    outcome = run(home.session, exec_command(), "hello", attachment=QUIET)
    assert outcome.details["stdout"] == "changed\n"


def test_a_runner_that_is_killed_leaves_a_row_killed(home: Home) -> None:
    home.config(CONFIG)
    killer = threading.Thread(
        target=lambda: os.kill(_wait_for_running(home).pid or 0, signal.SIGKILL)
    )
    killer.start()
    outcome = go(home, "brief")
    killer.join()
    document = require_valid("run", outcome.document())
    assert (document["status"], document["exit_code"]) == ("killed", 1)
    assert (document["error_code"], "SIGKILL" in document["summary"]) == ("runner_killed", True)
    assert history.runs(home.session).runs[0].status is RunStatus.KILLED


@pytest.mark.parametrize(
    "body",
    [
        "os.kill(os.getpid(), 9)",
        "sys.exit(5)",
        "os.write(fd, b'no json'); sys.exit(1)",
        "os.write(fd, b'[]')",
        "os.write(fd, b'{}')",
        "os.write(fd, b'[' * 100000)",
        "os.write(fd, json.dumps({'run_id': run_id, 'status': 'glorious'}).encode())",
    ],
)
def test_a_runner_that_says_nothing_of_use_is_an_error_of_its_own(home: Home, body: str) -> None:
    with pytest.raises(RunnerDiedError) as caught:
        with_runner(home, body)
    document = require_valid("error", caught.value.document())
    assert document["task"] == "hello"
    assert document["run_id"]


def test_an_error_that_the_runner_reports_is_raised_as_it_is(home: Home) -> None:
    error = {"ok": False, "error": "No.", "error_code": "plan.unusable", "hint": "h", "task": "t"}
    with pytest.raises(DocketError) as caught:
        with_runner(home, f"os.write(fd, {json.dumps(error).encode()!r}); sys.exit(1)")
    assert caught.value.document() == error


def test_a_runner_that_cannot_be_started_is_reported(home: Home) -> None:
    home.config(CONFIG)
    with pytest.raises(RunnerDiedError, match="/nonexistent/python"):
        run(home.session, ["/nonexistent/python"], "hello")


def test_a_store_that_is_broken_stops_no_run(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    outcome = go(home, "hello")
    assert outcome.ok
    assert any(home.paths.state_db in warning for warning in outcome.warnings)


def _wait_for_running(home: Home) -> RunRecord:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        running = [
            r for r in history.runs(home.session).runs if r.status is RunStatus.RUNNING and r.pid
        ]
        if running:
            return running[0]
        time.sleep(0.05)
    raise AssertionError("no run began")


def _interrupt_when_running(home: Home) -> None:
    _wait_for_running(home)
    os.kill(os.getpid(), signal.SIGINT)


PREVIEWED = """
from docket.task import BaseTask, TaskResult

class Previewed(BaseTask):
    name = "previewed"

    def run(self, config):
        return TaskResult(ok=True, summary="ran")

    def dry_run(self, config):
        return TaskResult(ok=True, summary="previewed", dry_run=True)
"""


@pytest.mark.parametrize("task", ["shown", "tried", "previewed"])
def test_a_dry_run_of_a_task_that_was_never_compiled_writes_nothing(home: Home, task: str) -> None:
    tried = {"type": "command", "command": "false", "dry_run_command": ["/bin/echo", "tried"]}
    home.config(
        json.dumps({"tasks": {"shown": {"type": "command", "command": "false"}, "tried": tried}})
    )
    home.file(os.path.join(home.paths.task_dir, "previewed.py"), PREVIEWED)

    def tree() -> dict[str, int]:
        found = [*Path(home.paths.user_home).rglob("*"), *Path(home.paths.lock_dir).rglob("*")]
        return {str(path): path.stat().st_mtime_ns for path in found}

    before = tree()
    line = [sys.executable, "-m", "docket", "run", task, "--dry-run"]
    done = subprocess.run(line, env=home.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert tree() == before

"""Cancelling runs that have no unit: real runs, and the processes that they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from docket.app.record.liveness import held_runs
from docket.app.runs.cancel import CancelError, cancel
from docket.app.runs.wait import wait
from docket.app.session.session import Session
from docket.app.status import status
from docket.errors import RunNotFoundError
from docket.model.states import RunStatus
from docket.runfiles import CANCEL, boot_id, run_file
from docket.strays import kill_leftovers
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.unit.app.runs.test_wait import running
from tests.unit.app.text.test_outputs_of_commands import docket

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
open(sys.argv[1], "w").close()
time.sleep(300)
"""


def config(home: Home) -> None:
    """Write tasks that wait in different ways."""
    python = [sys.executable, "-c"]
    hook = f"echo $DOCKET_STATUS >> {home.paths.user_home}/hooks"
    tasks = {
        "waits": {"type": "command", "command": ["sleep", "300"], "on_complete": hook},
        "stubborn": {
            "type": "command",
            "command": [*python, STUBBORN, f"{home.paths.user_home}/ready"],
            "grace": "1s",
            "on_complete": hook,
        },
        "backoff": {"type": "command", "command": ["false"], "retry": 3, "backoff_base": 60},
        "queued": {"type": "command", "command": ["sleep", "300"], "overlap": "queue"},
        "hooked": {"type": "command", "command": ["true"], "on_complete": "sleep 1"},
    }
    home.config(json.dumps({"tasks": tasks}))


@contextmanager
def background(home: Home, task: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a task in the background; gives the run's id and the process."""
    config(home)
    words = [sys.executable, "-m", "docket", "run", task]
    with subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL) as process:
        yield running(home, task), process
        process.wait(60)


def with_the_run(run_id: str) -> list[int]:
    """Return the processes that carry the id of a run."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if f"DOCKET_RUN_ID={run_id}".encode() in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def await_file(path: str) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + 60
    while not os.path.exists(path):
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def hooks(home: Home) -> list[str]:
    """Return what the hooks got, in order."""
    with open(f"{home.paths.user_home}/hooks") as file:
        return file.read().split()


def test_a_running_run_is_cancelled_and_its_hooks_are_shown(home: Home) -> None:
    with background(home, "waits") as (run_id, process):
        found = cancel(home.session, run_id)
    document = require_valid("cancel", found.document())
    assert (document["status"], document["cancelled"], document["exit_code"]) == (
        "cancelled",
        True,
        130,
    )
    assert document["termination"]["method"] == "lock_holder"
    assert document["termination"]["signal"] == "SIGTERM"
    assert hooks(home) == ["cancelled"]
    assert process.returncode == 130
    assert wait(home.session, [run_id]).exit_code == 130


def test_nothing_of_a_stubborn_run_is_alive_after_the_grace(home: Home) -> None:
    with background(home, "stubborn") as (run_id, _):
        await_file(f"{home.paths.user_home}/ready")
        assert len(with_the_run(run_id)) == 2
        found = cancel(home.session, run_id)
        assert with_the_run(run_id) == []
    assert found.cancelled
    assert hooks(home) == ["cancelled"]


def test_a_run_between_two_attempts_is_cancelled(home: Home) -> None:
    with background(home, "backoff") as (run_id, _):
        while not status.of_run(home.session, run_id).attempts:
            time.sleep(0.02)
        assert cancel(home.session, run_id).cancelled


def test_a_run_that_waits_for_its_turn_is_cancelled_and_the_one_before_it_is_not(
    home: Home,
) -> None:
    with background(home, "queued") as (first, _):
        words = [sys.executable, "-m", "docket", "run", "queued"]
        with subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL) as process:
            second = _other_run(home.session, first)
            found = cancel(home.session, second)
            assert process.wait(60) == 130
        assert found.cancelled
        assert status.of_run(home.session, first).run.status is RunStatus.RUNNING
        assert cancel(home.session, first).cancelled


@pytest.mark.parametrize("pause", [0, 0.02, 0.1, 0.3, 1])
def test_a_detached_run_is_cancelled_at_any_moment_after_its_receipt(
    home: Home, pause: float
) -> None:
    config(home)
    receipt = docket(home, 0, "run", "waits", "--async", "--launcher", "direct")
    time.sleep(pause)
    found = docket(home, 0, "cancel", receipt["run_id"])
    assert (found["status"], found["exit_code"]) == ("cancelled", 130)
    assert docket(home, 130, "wait", receipt["run_id"])["status"] == "cancelled"
    assert with_the_run(receipt["run_id"]) == []


def test_a_second_cancel_changes_nothing(home: Home) -> None:
    with background(home, "waits") as (run_id, _):
        first = cancel(home.session, run_id)
        second = cancel(home.session, run_id)
    assert second.cancelled
    assert second.termination is None
    assert second.run.finished_us == first.run.finished_us


def test_cancelling_a_finished_run_signals_nothing(home: Home) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        run_id = home.record("a", "succeeded", pid=bystander.pid, boot_id=boot_id())
        document = require_valid("cancel", cancel(home.session, run_id).document())
        assert bystander.poll() is None
        bystander.kill()
    assert (document["status"], document["cancelled"], document["termination"]) == (
        "succeeded",
        False,
        None,
    )
    assert not os.path.exists(run_file(home.paths.lock_dir, run_id, CANCEL))


def test_a_process_that_got_the_number_of_a_dead_runner_is_never_signalled(home: Home) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        run_id = home.record("a", "running", pid=bystander.pid, boot_id=boot_id())
        with suppress(CancelError):  # no process that runs it was found: that is the truth
            cancel(home.session, run_id)
        assert bystander.poll() is None
        bystander.kill()


def test_a_run_whose_hooks_run_keeps_its_outcome(home: Home) -> None:
    config(home)
    words = [sys.executable, "-m", "docket", "run", "hooked"]
    with subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL) as process:
        run_id = _first_run(home.session)
        found = cancel(home.session, run_id)
        assert process.wait(60) == 0
    assert found.run.status is RunStatus.SUCCEEDED


def _other_run(session: Session, first: str) -> str:
    """Return the run that waits, once it has its lock."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for run_id in held_runs(session.paths.lock_dir):
            if run_id != first:
                return run_id
        time.sleep(0.02)
    raise AssertionError("no second run came up")


def _first_run(session: Session) -> str:
    from docket.app.history import history

    while True:
        for run in history.runs(session).runs:
            if run.status.final:
                return run.run_id
        time.sleep(0.01)


def test_leftovers_spare_hooks_other_runs_and_the_caller(home: Home) -> None:
    run_id = home.record("a")
    mine = {**home.environ, "DOCKET_RUN_ID": run_id}
    with (
        subprocess.Popen(["sleep", "60"], env=mine, start_new_session=True) as left,
        subprocess.Popen(["sleep", "60"], env={**mine, "DOCKET_STATUS": "failed"}) as hook,
        subprocess.Popen(["sleep", "60"], env={**mine, "DOCKET_RUN_ID": run_id + "0"}) as other,
    ):
        while not with_the_run(run_id) or left.pid not in with_the_run(run_id):
            time.sleep(0.01)
        assert kill_leftovers(run_id) == [left.pid]
        assert left.wait(60) == -signal.SIGKILL
        assert (hook.poll(), other.poll()) == (None, None)
        hook.kill()
        other.kill()


def test_the_command_cancels_and_says_so(home: Home) -> None:
    with pytest.raises(RunNotFoundError):
        cancel(home.session, "20260101T000000000000Z-00000000")
    with background(home, "waits") as (run_id, _):
        assert require_valid("cancel", docket(home, 0, "cancel", run_id))["cancelled"]
    assert docket(home, 0, "cancel", run_id)["termination"] is None
    assert docket(home, 1, "cancel", "x")["status"] == "not_found"

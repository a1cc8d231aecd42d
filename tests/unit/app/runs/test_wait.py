"""Waiting for runs: asleep on real locks, of real runs and of runs that a test plays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from docket.app.runs.wait import WaitReport, wait
from docket.app.text.documents import run_document
from docket.errors import RunNotFoundError, UsageError
from docket.model.states import RunStatus
from docket.runfiles import LOCK, boot_id, run_file
from docket.runner.record.locks import RunLock
from docket.store.holders import open_holder
from docket.strays import kill_leftovers
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.unit.app.text.test_outputs_of_commands import docket

CONFIG = """
tasks:
  brief: {type: command, command: [sleep, "0.6"]}
  waits: {type: command, command: [sleep, "60"], grace: 1s}
  fails: {type: command, command: ["false"]}
  after: {type: command, command: ["true"], depends_on: [fails]}
"""


def started(home: Home, task: str) -> subprocess.Popen[bytes]:
    """Start a run in the background."""
    words = [sys.executable, "-m", "docket", "run", task]
    return subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL)


def running(home: Home, task: str) -> str:
    """Return the id of the task's run once it is under way."""
    from docket.app.history import history

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for run in history.runs(home.session, limit=50).runs:
            if run.task == task and not run.status.final:
                return run.run_id
        time.sleep(0.02)
    raise AssertionError(f"no run of {task} began")


@pytest.fixture
def background(home: Home) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test."""
    home.config(CONFIG)
    started_here: list[subprocess.Popen[bytes]] = []
    yield started_here
    for process in started_here:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def test_a_wait_ends_with_the_run_and_has_its_exit_code(
    home: Home, background: list[subprocess.Popen[bytes]]
) -> None:
    background.append(started(home, "brief"))
    run_id = running(home, "brief")
    document = require_valid("wait", wait(home.session, [run_id]).document())
    assert (document["run_id"], document["status"]) == (run_id, "succeeded")


def test_a_wait_for_a_finished_run_returns_at_once(home: Home) -> None:
    good, bad = home.record("a"), home.record("b", "failed")
    cancelled = home.record("c", "cancelled", exit_code=130)
    report = wait(home.session, [good])
    assert (report.exit_code, report.waited[0].document()["status"]) == (0, "succeeded")
    assert report.document() == report.waited[0].document()
    assert wait(home.session, [good, cancelled, bad]).exit_code == 130
    documents = require_valid("wait", wait(home.session, [bad, good]).document())
    assert [document["run_id"] for document in documents] == [bad, good]


def test_a_wait_asked_twice_for_one_run_answers_once(home: Home) -> None:
    run_id = home.record("a")
    assert [each.run.run_id for each in wait(home.session, [run_id, run_id]).waited] == [run_id]


def held(home: Home, task: str) -> tuple[str, RunLock]:
    """Return a run that is under way as far as its row and its lock show."""
    run_id = home.record(task, "running", boot_id=boot_id(), pid=os.getpid())
    return run_id, RunLock(home.paths.lock_dir, run_id)


def test_a_wait_that_times_out_shows_the_last_known_state(home: Home) -> None:
    run_id, lock = held(home, "a")
    begun = time.monotonic()
    report = wait(home.session, [run_id], timeout_seconds=0.2)
    lock.release()
    assert time.monotonic() - begun < 20
    document = require_valid("wait", report.document())
    assert document == {
        "run_id": run_id,
        "task_name": "a",
        "status": "wait_timeout",
        "last_seen_status": "running",
    }
    assert report.exit_code == 1


def test_waiting_for_any_returns_with_the_first_that_is_over(home: Home) -> None:
    run_id, lock = held(home, "a")
    done = home.record("b", "failed")
    report = wait(home.session, [run_id, done], any_of=True)
    lock.release()
    assert [each.run.run_id for each in report.waited] == [done]
    assert (report.exit_code, len(report.document())) == (1, 1)


def test_a_run_whose_hooks_still_run_is_not_over(home: Home) -> None:
    run_id = home.record("a")
    lock = RunLock(home.paths.lock_dir, run_id)
    reports: list[WaitReport] = []
    waiter = threading.Thread(target=lambda: reports.append(wait(home.session, [run_id])))
    waiter.start()
    waiter.join(0.3)
    assert waiter.is_alive()
    lock.release()
    waiter.join(10)
    assert reports[0].document() == run_document(reports[0].waited[0].run)


def test_a_waiter_uses_no_processor_time(home: Home) -> None:
    run_id, lock = held(home, "a")
    waiter = threading.Thread(
        target=lambda: wait(home.session, [run_id], timeout_seconds=1.0), daemon=True
    )
    waiter.start()
    time.sleep(0.3)
    before = time.process_time()
    time.sleep(0.5)
    used = time.process_time() - before
    waiter.join(10)
    lock.release()
    assert used < 0.05


def test_an_unknown_run_is_reported_before_anything_is_waited_for(home: Home) -> None:
    run_id, lock = held(home, "a")
    with pytest.raises(RunNotFoundError) as caught:
        wait(home.session, [run_id, "20260101T000000000000Z-00000000"])
    lock.release()
    assert require_valid("error", caught.value.document())["status"] == "not_found"
    with pytest.raises(UsageError):
        wait(home.session, [])


def test_a_hook_cannot_wait_for_its_own_run(home: Home) -> None:
    run_id = home.record("a")
    home.environ["DOCKET_RUN_ID"] = run_id
    with pytest.raises(UsageError):
        wait(home.session, [run_id])


def test_the_command_waits_and_ends_with_the_code_of_the_run(
    home: Home, background: list[subprocess.Popen[bytes]]
) -> None:
    background.append(started(home, "waits"))
    run_id = running(home, "waits")
    timed_out = docket(home, 1, "wait", run_id, "--timeout", "0.1", "--poll-interval", "1")
    assert timed_out["status"] == "wait_timeout"
    background[0].send_signal(signal.SIGINT)
    assert require_valid("wait", docket(home, 130, "wait", run_id))["status"] == "cancelled"
    assert docket(home, 1, "wait", run_id, "--any", "--all")["error_code"] == "usage"
    assert docket(home, 1, "wait", run_id, "--timeout", "soon")["error_code"] == "usage"


def test_a_runner_that_is_killed_wakes_the_waiter_with_the_truth(
    home: Home, background: list[subprocess.Popen[bytes]]
) -> None:
    background.append(started(home, "waits"))
    run_id = running(home, "waits")
    reports: list[WaitReport] = []
    waiter = threading.Thread(target=lambda: reports.append(wait(home.session, [run_id])))
    waiter.start()
    found = open_holder(run_file(home.paths.lock_dir, run_id, LOCK))
    assert found is not None
    signal.pidfd_send_signal(found[1], signal.SIGKILL)
    os.close(found[1])
    waiter.join(20)
    assert reports[0].exit_code == 1
    assert reports[0].waited[0].run.status in {RunStatus.KILLED, RunStatus.LOST}
    kill_leftovers(run_id)


def test_a_run_without_its_dependency_fails_every_command_that_somebody_may_rely_on(
    home: Home,
) -> None:
    home.config(CONFIG)
    run = docket(home, 1, "run", "after")
    assert (run["status"], run["error_code"]) == ("failed", "dependency")
    assert run["summary"].startswith("Not run: its dependency fails ended as failed")
    assert docket(home, 1, "wait", run["run_id"])["status"] == "failed"
    assert docket(home, 1, "wait", "after")["run_id"] == run["run_id"]
    health = docket(home, 1, "health", "after", "--check")
    assert (health["ok"], health["failed"]) == (False, ["after"])

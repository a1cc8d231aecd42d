"""A row that says running while its lock is free is closed with what the witnesses say."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from docket.app.catalog.compilation import compile_tasks, write_plan
from docket.app.history import history
from docket.app.record.reconcile import reconcile
from docket.model.records import RunRecord
from docket.model.rows import RunRow
from docket.model.states import RunStatus
from docket.runfiles import CANCEL, LOCK, REQUEST, boot_id, run_file
from docket.runner.record.locks import RunLock
from docket.store.reader import open_reader
from docket.store.spool import spool, spool_directories
from tests.unit.app.conftest import NOW_US, Home

INVOCATION = "0123456789abcdef0123456789abcdef"
IN_UNIT = {"unit": "docket-a.service", "invocation_id": INVOCATION}


def dead_run(home: Home, status: str = "running", **known: Any) -> str:
    """Record a run whose lock file is there and free."""
    known = {"boot_id": boot_id(), "pid": os.getpid(), **known}
    run_id = home.record("a", status, **known)
    home.file(run_file(home.paths.lock_dir, run_id, LOCK), "{}")
    return run_id


def read(home: Home, run_id: str) -> RunRecord:
    with open_reader(home.paths.state_db) as reader:
        run = reader.run(run_id)
    assert run is not None
    return run


def closed(home: Home, run_id: str) -> RunRecord:
    assert reconcile(home.session, home.paths.state_db) == 1
    return read(home, run_id)


def test_a_run_of_another_boot_was_interrupted(home: Home) -> None:
    run = closed(home, dead_run(home, boot_id="another", **IN_UNIT))
    assert (run.status, run.error_code) == (RunStatus.INTERRUPTED, "reboot")
    assert run.details["asked"]["boot"] == "another one"


@pytest.mark.parametrize(
    ("result", "status", "cause"),
    [
        ("signal", RunStatus.KILLED, "runner_killed"),
        ("oom-kill", RunStatus.KILLED, "oom_kill"),
        ("timeout", RunStatus.TIMED_OUT, "unit_timeout"),
        ("exit-code", RunStatus.FAILED, "runner_failed"),
    ],
)
def test_what_systemd_knows_of_the_invocation_is_the_cause(
    home: Home, result: str, status: RunStatus, cause: str
) -> None:
    home.units.put(
        "docket-a.service", active_state="failed", result=result, invocation_id=INVOCATION
    )
    run = closed(home, dead_run(home, **IN_UNIT))
    assert (run.status, run.error_code) == (status, cause)


def test_a_run_that_its_finalizer_is_at_work_on_is_left_alone(home: Home) -> None:
    home.units.put("docket-a.service", active_state="deactivating", invocation_id=INVOCATION)
    run_id = dead_run(home, **IN_UNIT)
    assert reconcile(home.session, home.paths.state_db) == 0
    assert read(home, run_id).status is RunStatus.RUNNING


def test_a_run_is_lost_only_when_nobody_knows_and_says_who_was_asked(home: Home) -> None:
    home.units.put("docket-a.service", active_state="inactive", invocation_id="f" * 32)
    run = closed(home, dead_run(home, **IN_UNIT))
    assert (run.status, run.error_code) == (RunStatus.LOST, "lost")
    assert set(run.details["asked"]) == {"lock", "systemd", "journal"}


def test_a_silent_bus_is_named_in_the_row(home: Home) -> None:
    home.units.refusal = "The bus is gone."
    run = closed(home, dead_run(home, **IN_UNIT))
    assert run.status is RunStatus.LOST
    assert run.details["asked"]["systemd"] == "The bus is gone."


def test_a_run_that_was_to_be_cancelled_is_cancelled(home: Home) -> None:
    run_id = dead_run(home, **IN_UNIT)
    home.file(run_file(home.paths.lock_dir, run_id, CANCEL), "")
    run = closed(home, run_id)
    assert (run.status, run.exit_code) == (RunStatus.CANCELLED, 130)
    assert os.listdir(os.path.join(home.paths.lock_dir, "runs")) == []


def test_a_run_whose_lock_is_held_is_left_alone(home: Home) -> None:
    run_id = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, run_id)
    assert reconcile(home.session, home.paths.state_db) == 0
    lock.release()


def test_a_process_that_took_over_the_number_is_not_a_runner(home: Home) -> None:
    run_id = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    assert closed(home, run_id).status is RunStatus.LOST


@pytest.mark.parametrize("word", ["exec", "/opt/docket/libexec/docket"])
def test_another_program_with_one_of_the_runners_words_is_not_a_runner(
    home: Home, word: str
) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()", word], stdin=subprocess.PIPE)
    run_id = home.record("a", "running", boot_id=boot_id(), pid=other.pid)
    assert closed(home, run_id).status is RunStatus.LOST
    other.communicate(b"\n")
    assert other.returncode == 0


def test_a_run_whose_spooled_end_cannot_be_merged_now_is_not_closed(home: Home) -> None:
    """The database is locked while the spool is merged, and free again when a run is closed."""
    run_id = dead_run(home)
    ended = RunRow(run_id=run_id, task="a", trigger="manual", started_at=NOW_US)
    ended.status, ended.finished_at = RunStatus.SUCCEEDED.value, NOW_US + 1
    spools = spool_directories(home.paths.state_db, home.paths.lock_dir)
    assert spool(spools, ended, [], [], [])
    other = sqlite3.connect(home.paths.state_db, isolation_level=None, check_same_thread=False)
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(3, other.rollback)  # the merge waits two seconds for it
        release.start()
        assert reconcile(home.session, home.paths.state_db) == 0
        release.join()
    assert read(home, run_id).status is RunStatus.RUNNING
    assert reconcile(home.session, home.paths.state_db) == 0
    assert read(home, run_id).status is RunStatus.SUCCEEDED


def test_an_end_that_was_spooled_is_believed_before_the_witnesses(home: Home) -> None:
    run_id = dead_run(home, boot_id="another")
    ended = RunRow(run_id=run_id, task="a", trigger="manual", started_at=NOW_US)
    ended.status, ended.finished_at = RunStatus.SUCCEEDED.value, NOW_US + 1
    assert spool(spool_directories(home.paths.state_db, home.paths.lock_dir), ended, [], [], [])
    assert reconcile(home.session, home.paths.state_db) == 0
    assert read(home, run_id).status is RunStatus.SUCCEEDED


def test_a_run_that_was_asked_for_just_now_may_still_begin(home: Home) -> None:
    fresh = home.record("a", "pending", at=NOW_US - 60_000_000, boot_id=boot_id())
    assert reconcile(home.session, home.paths.state_db) == 0
    stale = home.record("a", "pending", at=NOW_US - 600_000_000, boot_id=boot_id())
    assert closed(home, stale).status is RunStatus.LOST
    assert read(home, fresh).status is RunStatus.PENDING


def test_a_run_whose_request_is_held_is_being_started_however_long_that_takes(home: Home) -> None:
    run_id = home.record("a", "pending", at=NOW_US - 600_000_000, boot_id=boot_id())
    path = home.file(run_file(home.paths.lock_dir, run_id, REQUEST), "{}")
    with open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert reconcile(home.session, home.paths.state_db) == 0
    assert closed(home, run_id).status is RunStatus.LOST


def test_the_end_is_when_the_run_last_wrote_and_not_when_somebody_looked(home: Home) -> None:
    log = home.file(os.path.join(home.paths.log_dir, "a.log"), "last words\n")
    started = NOW_US - 3_600_000_000
    os.utime(log, ns=((started + 5_000_000) * 1000,) * 2)
    run = closed(home, dead_run(home, at=started, boot_id="another", log_path=log))
    assert run.finished_us == started + 5_000_000


def test_every_reader_closes_what_it_meets_and_only_once(home: Home) -> None:
    run_id = dead_run(home, boot_id="another")
    first = history.runs(home.session).document()
    again = history.runs(home.session).document()
    assert [run["status"] for run in first] == ["interrupted"]
    assert first == again
    assert read(home, run_id).status is RunStatus.INTERRUPTED


def test_the_pending_hooks_run_once(home: Home) -> None:
    count = os.path.join(home.paths.home, "count")
    home.config(
        "tasks:\n  a:\n    type: command\n    command: 'true'\n"
        f"    on_failure: echo $DOCKET_STATUS >> {count}\n"
    )
    write_plan(home.session, compile_tasks(home.session).bundles["a"])
    dead_run(home, boot_id="another")
    assert reconcile(home.session, home.paths.state_db) == 1
    assert reconcile(home.session, home.paths.state_db) == 0
    end = time.monotonic() + 60
    while not os.path.exists(count):
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.3)
    with open(count) as file:
        assert file.read() == "interrupted\n"

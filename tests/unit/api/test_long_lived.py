"""docket.api in a program that lives on: threads, pipes, signals, and no child left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from docket import api
from docket.app.runs.wait import wait
from docket.runfiles import LOCK, run_file
from docket.runner.record.locks import RunLock
from tests.unit.app.conftest import Home
from tests.unit.app.runs.test_wait import held

ROOT = Path(__file__).resolve().parents[3]
EMBEDDER = """
import os, sys, threading
from docket import api
found = []
def work():
    found.append(api.run_task("reads")["status"])
    receipt = api.run_task_async("good")
    found.append(api.wait_run(receipt["run_id"])["status"])
    found.append(len(api.task_runs()))
thread = threading.Thread(target=work)
thread.start()
thread.join()
sys.stdout.write(repr((found, sys.stdin.read())))
"""


@pytest.fixture(autouse=True)
def earlier() -> None:
    """Remember the children from before the test: the keeper of a private host may be one."""
    _EARLIER.clear()
    _EARLIER.update(children())


_EARLIER: set[int] = set()


def children() -> dict[int, str]:
    """Return the state of each child of this process by its number, Z for a zombie."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, state, parent = _stat(path.read_text())
        except OSError:
            continue
        if parent == os.getpid():
            found[int(path.parent.name)] = f"{name} {state}"
    return found


def new_children() -> list[str]:
    """Return the state of each child that came since the test began."""
    return [state for pid, state in children().items() if pid not in _EARLIER]


def _stat(text: str) -> tuple[str, str, int]:
    name, _, rest = text.rpartition(")")
    words = rest.split()
    return name.partition("(")[2], words[0], int(words[1])


def until_childless() -> list[str]:
    deadline = time.monotonic() + 60
    while new_children() and time.monotonic() < deadline:
        time.sleep(0.02)
    return new_children()


@pytest.mark.usefixtures("home")
def test_a_run_cancelled_by_the_long_lived_parent_that_started_it_is_not_a_zombie() -> None:
    """Of 0.2.2: the worker became a zombie that was taken for alive; its wait never ended."""
    receipt = api.run_task_async("slow")
    assert receipt["launcher"] == "direct"
    begun = time.monotonic()
    cancelled = api.cancel_run(receipt["run_id"])
    assert (cancelled["status"], cancelled["cancelled"]) == ("cancelled", True)
    with pytest.raises(api.DocketAPIError) as caught:
        api.wait_run(receipt["run_id"], timeout=10)
    assert (caught.value.exit_code, caught.value.payload["status"]) == (130, "cancelled")
    assert time.monotonic() - begun < 10
    assert until_childless() == []


@pytest.mark.usefixtures("home")
def test_finished_runs_leave_no_child_behind() -> None:
    receipts = [api.run_task_async("good") for _ in range(3)]
    for receipt in receipts:
        assert api.wait_run(receipt["run_id"])["status"] in {"succeeded", "skipped"}
    api.run_task("good")
    assert until_childless() == []


@pytest.mark.usefixtures("home")
def test_many_threads_run_tasks_at_once() -> None:
    names = ["good", "lines", "brief", "reads"] * 2

    def attempt(name: str) -> str:
        try:
            return str(api.run_task(name)["status"])
        except api.DocketAPIError as error:
            return str(error.error_code)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, names))
    assert set(outcomes) <= {"succeeded", "run.already_running"}
    assert outcomes.count("succeeded") >= 4
    assert until_childless() == []


@pytest.mark.usefixtures("home")
def test_nothing_of_the_process_is_changed() -> None:
    def state() -> Any:
        before = os.umask(0o022)
        os.umask(before)
        dispositions = [signal.getsignal(number) for number in signal.valid_signals()]
        return before, os.getcwd(), dict(os.environ), dispositions, threading.stack_size()

    seen: list[Any] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append((os.getcwd(), signal.getsignal(signal.SIGINT), threading.stack_size()))
            time.sleep(0.005)

    before = state()
    watcher = threading.Thread(target=watch)
    watcher.start()
    api.run_task("brief")
    api.wait_run(api.run_task_async("brief")["run_id"], timeout=10)
    api.capabilities()
    stop.set()
    watcher.join()
    assert state() == before
    assert set(seen) == {(before[1], signal.getsignal(signal.SIGINT), before[4])}


def test_standard_input_is_not_read_and_nothing_is_printed(home: Home) -> None:
    """Of 0.2.2: a task that read its input ate the stream of whatever program had started it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EMBEDDER],
        env={**home.environ, "PYTHONPATH": str(ROOT)},
        input="the host's own input",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == repr((["succeeded", "succeeded", 2], "the host's own input"))
    assert done.stderr == ""


def test_waits_whose_time_runs_out_leave_no_thread_and_no_descriptor(home: Home) -> None:
    run_id, lock = held(home, "good")
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(api.DocketAPIError) as caught:
            api.wait_run(run_id, timeout=0.05)
        assert caught.value.payload["status"] == "wait_timeout"
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors
    lock.release()


def test_a_wait_with_a_time_limit_ends_with_the_run(home: Home) -> None:
    receipts = [api.run_task_async(name)["run_id"] for name in ("brief", "slow")]
    begun = time.monotonic()
    report = wait(home.session, receipts, any_of=True, timeout_seconds=30)
    assert time.monotonic() - begun < 10
    assert [each.run.run_id for each in report.waited] == receipts[:1]
    api.cancel_run(receipts[1])
    assert not os.path.exists(run_file(home.paths.lock_dir, receipts[1], LOCK))


def test_a_wait_goes_on_while_the_hooks_of_a_finished_run_hold_its_lock(home: Home) -> None:
    run_id = home.record("good")
    lock = RunLock(home.paths.lock_dir, run_id)
    assert wait(home.session, [run_id], timeout_seconds=0.1).waited[0].over is False
    lock.release()
    assert wait(home.session, [run_id], timeout_seconds=5).waited[0].over is True


@pytest.mark.usefixtures("home")
def test_ctrl_c_cancels_the_run_that_is_waited_for() -> None:
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        api.run_task("slow")
    assert time.monotonic() - begun < 20
    [run] = api.task_runs("slow")
    assert run["status"] == "cancelled"
    assert until_childless() == []

"""The overlap policies, on real `docket exec` processes that meet at a real lock."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from docket.store.holders import open_holder
from tests.unit.runner.runner_home import Home, wait_until


def running(home: Home, count: int = 1) -> Any:
    """Wait until `count` runs are under way, and return them."""

    def found() -> list[Any]:
        runs = home.ask(lambda reader: reader.running("job"))
        ours = [run for run in runs if run.status is RunStatus.RUNNING]
        return ours if len(ours) >= count else []

    return wait_until(found)


def pending(home: Home) -> Any:
    """Wait for the run that waits, and return it."""

    def found() -> list[Any]:
        runs = home.ask(lambda reader: reader.running("job"))
        return [run for run in runs if run.status is RunStatus.PENDING]

    return wait_until(found)[0]


def row_of(home: Home, run_id: str) -> Any:
    return home.ask(lambda reader: reader.run(run_id))


def end(*processes: subprocess.Popen[bytes]) -> list[int]:
    for process in processes:
        process.communicate(timeout=30)
    return [process.returncode for process in processes]


def gated(home: Home, policy: str, **more: Any) -> Path:
    """Plan a job that runs until the file that is returned is there."""
    gate = home.gate()
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        f"while ! test -e {gate}; do sleep 0.02; done",
        overlap=policy,
        **more,
    )
    return gate


def test_queue_lets_one_wait_and_skips_the_third_with_the_reason(home: Home) -> None:
    gate = gated(home, "queue")
    first = home.start("job")
    holder = running(home)[0]
    second = home.start("job")
    waiter = pending(home)
    assert waiter.blocked_by == holder.run_id
    assert waiter.details["waits_for"] == f"run {holder.run_id} of job"
    third = home.result("job")
    assert (third["returncode"], third["status"], third["error_code"]) == (75, "skipped", "overlap")
    assert third["blocked_by"] == waiter.run_id
    assert "waits already" in third["summary"]
    gate.touch()
    assert end(first, second) == [0, 0]
    last = row_of(home, waiter.run_id)
    assert (last.status, last.blocked_by) == (RunStatus.SUCCEEDED, None)
    assert last.details["waited_for"] == f"run {holder.run_id} of job"
    assert last.details["waited_seconds"] > 0
    assert "waits_for" not in last.details
    assert last.finished_us >= row_of(home, holder.run_id).finished_us


def test_queue_takes_over_when_the_holder_is_killed(home: Home) -> None:
    gated(home, "queue")
    first = home.start("job")
    running(home)
    second = home.start("job")
    waiter = pending(home)
    first.kill()
    wait_until(lambda: row_of(home, waiter.run_id).status is RunStatus.RUNNING)
    second.terminate()
    assert end(first, second) == [-signal.SIGKILL, 1]


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (signal.SIGTERM, 1, RunStatus.INTERRUPTED),
        (signal.SIGINT, 130, RunStatus.CANCELLED),
    ],
)
def test_a_run_that_waits_obeys_a_stop_and_its_hooks_run(
    home: Home, number: signal.Signals, code: int, status: RunStatus
) -> None:
    gate = gated(home, "queue", hooks=[("on_failure", 'echo "$DOCKET_STATUS"')])
    first = home.start("job")
    running(home)
    second = home.start("job")
    waiter = pending(home)
    second.send_signal(number)
    assert end(second) == [code]
    row = row_of(home, waiter.run_id)
    assert row.status is status
    assert row.blocked_by is not None
    hooks = home.ask(lambda reader: reader.hooks(waiter.run_id))
    assert [hook.stdout for hook in hooks] == [f"{status}\n"]
    gate.touch()
    assert end(first) == [0]


def test_a_run_that_waits_ends_at_its_deadline(home: Home) -> None:
    gate = gated(home, "queue")
    first = home.start("job")
    running(home)
    home.plan("job", "/bin/true", overlap="queue", timeout_seconds=0.4)
    late = home.result("job")
    assert (late["returncode"], late["status"], late["error_code"]) == (1, "timed_out", "timeout")
    assert "waiting for run" in late["summary"]
    assert 0.3 < late["duration_seconds"] < 5
    gate.touch()
    assert end(first) == [0]


def test_replace_cancels_the_run_that_is_going_and_follows_it(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30", overlap="replace", hooks=[("on_failure", "echo hook")])
    first = home.start("job")
    holder = running(home)[0]
    home.plan("job", "/bin/true", overlap="replace")
    second = home.result("job")
    assert second["status"] == "succeeded"
    assert second["details"]["replaces"] == [holder.run_id]
    assert end(first) == [130]
    row = row_of(home, holder.run_id)
    assert (row.status, row.error_code) == (RunStatus.CANCELLED, "cancelled")
    assert [h.stdout for h in home.ask(lambda r: r.hooks(holder.run_id))] == ["hook\n"]
    assert row.finished_us <= second["finished_at_us"]
    assert not list((home.lock_dir / "runs").iterdir())


def test_of_many_that_replace_each_other_one_is_left(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30", overlap="replace")
    started = [home.start("job")]
    running(home)
    started += [home.start("job") for _ in range(4)]
    wait_until(lambda: sum(p.poll() is None for p in started) == 1)
    (left,) = [process for process in started if process.poll() is None]
    running(home)
    left.send_signal(signal.SIGINT)
    assert end(*started) == [130] * 5
    assert home.counts("job") == {"cancelled": 5}


def test_allow_runs_side_by_side(home: Home) -> None:
    gate = gated(home, "allow")
    both = [home.start("job"), home.start("job")]
    running(home, 2)
    gate.touch()
    assert end(*both) == [0, 0]


def test_force_waits_in_a_queue_like_any_run(home: Home) -> None:
    gate = gated(home, "queue")
    first = home.start("job")
    running(home)
    forced = home.start("job", "--force")
    pending(home)
    gate.touch()
    assert end(first, forced) == [0, 0]


def test_starts_at_once_under_queue_are_not_taken_for_waiting_ones(home: Home) -> None:
    home.plan("job", "/bin/true", overlap="queue")
    assert end(*[home.start("job") for _ in range(2)]) == [0, 0]


def test_replace_signals_nobody_if_the_named_run_is_not_the_holder(home: Home) -> None:
    home.plan("job", "/bin/true", overlap="replace", timeout_seconds=0.5)
    path = home.lock_dir / "tasks" / "job.lock"
    path.parent.mkdir(parents=True)
    holder = subprocess.Popen(["/usr/bin/flock", "-F", str(path), "sleep", "20"])
    try:
        wait_until(lambda: open_holder(str(path)))
        path.write_text("20261120T000000000000-00000000\n")
        assert home.result("job")["status"] == "timed_out"
        assert holder.poll() is None
    finally:
        holder.kill()
        holder.wait()


def test_the_holder_of_a_lock_is_the_process_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    assert open_holder(str(path)) is None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    found = open_holder(str(path))
    assert found is not None
    assert found[0] == os.getpid()
    os.close(found[1])
    os.close(descriptor)
    assert open_holder(str(path)) is None
    assert open_holder(str(tmp_path / "missing")) is None


def test_replace_signals_nobody_but_the_process_that_holds_the_lock_of_the_run(home: Home) -> None:
    home.plan("job", "/bin/true", overlap="replace")
    run_id = "20260427T013000000000Z-ab12cd34"
    paths = [home.lock_dir / "tasks" / "job.lock", home.lock_dir / "runs" / f"{run_id}.lock"]
    holders = []
    for path in paths:  # two processes: the name in the task's lock is that of an earlier holder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(run_id + "\n")
        words = ["flock", "--no-fork", str(path), "sleep", "60"]
        holders.append(subprocess.Popen(words))
        wait_until(partial(open_holder, str(path)))
    waiter = home.start("job")
    pending(home)
    with pytest.raises(subprocess.TimeoutExpired):
        waiter.wait(1.0)
    assert [holder.poll() for holder in holders] == [None, None]
    for holder in holders:
        holder.terminate()
        holder.wait()
    assert end(waiter) == [0]

"""A run whose runner died is closed by the finalizer with its true cause."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import Home, wait_until

INVOCATION = "0123456789abcdef0123456789abcdef"


def environ(result: str, code: str, status: str) -> dict[str, str]:
    return {
        "INVOCATION_ID": INVOCATION,
        "SERVICE_RESULT": result,
        "EXIT_CODE": code,
        "EXIT_STATUS": status,
    }


def killed_runner(home: Home, task: str = "job") -> str:
    """Start a run of the invocation, kill its runner, and return the id of the run."""
    process = home.start(task, environ={"INVOCATION_ID": INVOCATION}, start_new_session=True)
    run = wait_until(lambda: home.ask(lambda reader: reader.running(task)))[0]
    kill_both(process)
    return str(run.run_id)


def kill_both(process: subprocess.Popen[bytes]) -> None:
    """Kill the runner and what it has started, as systemd does with a unit."""
    listing = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = [int(word) for word in wait_until(lambda: listing.read_text().split())]
    wait_until(lambda: all(os.getpgid(child) == child for child in children))
    process.kill()
    for child in children:
        os.killpg(child, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    ("result", "code", "exit_status", "status", "cause"),
    [
        ("signal", "killed", "KILL", RunStatus.KILLED, "runner_killed"),
        ("oom-kill", "killed", "KILL", RunStatus.KILLED, "oom_kill"),
        ("timeout", "killed", "KILL", RunStatus.TIMED_OUT, "unit_timeout"),
        ("signal", "killed", "TERM", RunStatus.INTERRUPTED, "stopped"),
        ("exit-code", "exited", "70", RunStatus.FAILED, "runner_failed"),
        ("watchdog", "dumped", "ABRT", RunStatus.FAILED, "unit_failed"),
    ],
)
def test_the_cause_is_what_systemd_says(
    home: Home, result: str, code: str, exit_status: str, status: RunStatus, cause: str
) -> None:
    home.plan("job", "/bin/sleep", "7777", hooks=[("on_failure", "echo hook")])
    run_id = killed_runner(home)
    done = home.run("job", "--finalize", environ=environ(result, code, exit_status))
    assert (done.returncode, done.stderr) == (0, b"")
    run = home.ask(lambda reader: reader.run(run_id))
    assert (run.status, run.error_code) == (status, cause)
    hooks = home.ask(lambda reader: reader.hooks(run_id))
    assert [hook.stdout for hook in hooks] == ["hook\n"]
    assert not list((home.lock_dir / "runs").iterdir())


def test_a_row_leads_the_hooks_of_a_dead_run_to_no_other_file_than_its_log(home: Home) -> None:
    """A confined task can write into the record of its run; these hooks are not confined."""
    sleeps = "echo words; exec sleep 7777"
    home.plan("job", "/bin/sh", "-c", sleeps, hooks=[("on_failure", 'echo "$DOCKET_LOG_PATH"')])
    run_id = killed_runner(home)
    lock = home.lock_dir / "runs" / f"{run_id}.lock"
    own = home.ask(lambda reader: reader.run(run_id)).log_path
    text = lock.read_text()
    assert own in text
    lock.write_text(text.replace(own, "/etc/passwd"))
    with closing(sqlite3.connect(home.state_db)) as connection, connection:
        connection.execute("UPDATE runs SET log_path = '/etc/passwd'")
    home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    [hook] = home.ask(lambda reader: reader.hooks(run_id))
    assert hook.stdout == f"{own}\n"


def test_a_run_that_was_to_be_cancelled_is_cancelled_however_its_runner_died(home: Home) -> None:
    home.plan("job", "/bin/sleep", "7777")
    run_id = killed_runner(home)
    (home.lock_dir / "runs" / f"{run_id}.cancel").touch()
    home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    run = home.only_run()
    assert (run.status, run.exit_code) == (RunStatus.CANCELLED, 130)
    assert not list((home.lock_dir / "runs").iterdir())


def test_finalizing_twice_runs_no_hook_twice(home: Home) -> None:
    count = home.path / "count"
    home.plan("job", "/bin/sleep", "7777", hooks=[("on_failure", f"echo x >> {count}")])
    run_id = killed_runner(home)
    for _ in range(3):
        home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    assert count.read_text() == "x\n"
    assert home.only_run().run_id == run_id


def test_a_hook_that_was_begun_when_the_runner_died_is_not_begun_again(home: Home) -> None:
    count = home.path / "count"
    home.plan(
        "job",
        "/bin/false",
        hook_timeout_seconds=30.0,
        hooks=[
            ("on_failure", f"echo a >> {count}; sleep 7777"),
            ("on_complete", f"echo b >> {count}"),
        ],
    )
    process = home.start("job", environ={"INVOCATION_ID": INVOCATION})
    wait_until(count.exists)
    kill_both(process)
    home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    assert count.read_text() == "a\nb\n"
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.FAILED, "exit_code")


def test_a_runner_that_ended_by_itself_is_left_alone(home: Home) -> None:
    home.plan("job", "/bin/false", hooks=[("on_failure", "echo hook")])
    home.run("job", environ={"INVOCATION_ID": INVOCATION})
    before = home.only_run()
    home.run("job", "--finalize", environ=environ("exit-code", "exited", "1"))
    assert home.only_run() == before


def test_a_runner_killed_before_its_row_still_leaves_one(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.KILLED, "runner_killed")
    assert run.invocation_id == INVOCATION


def test_a_live_run_of_another_invocation_is_not_touched(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30")
    other = home.start("job", environ={"INVOCATION_ID": "f" * 32})
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    assert len(home.ask(lambda reader: reader.running("job"))) == 1
    other.terminate()
    assert other.wait(60) == 1


def test_a_lock_file_that_is_nonsense_stops_nothing(home: Home) -> None:
    home.plan("job", "/bin/true")
    runs = home.lock_dir / "runs"
    runs.mkdir(parents=True)
    (runs / "a.lock").write_text("nonsense")
    (runs / "b.lock").write_text(f'{{"invocation_id": "{INVOCATION}", "surprise": 1}}')
    (runs / "c.lock").write_text("[]")
    done = home.run("job", "--finalize", environ=environ("signal", "killed", "KILL"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert home.only_run().status is RunStatus.KILLED

"""The contract of `docket exec`, on real processes, a real SQLite and real locks."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from docket.runner.record.locks import RunLock
from tests.unit.runner.runner_home import AT_ONCE, Home, alive, wait_until


def test_a_command_that_succeeds_leaves_one_succeeded_row(home: Home) -> None:
    home.plan("job", "/bin/echo", "hello")
    done = home.run("job")
    assert (done.returncode, done.stdout) == (0, b"hello\n")
    run = home.only_run()
    assert run.status is RunStatus.SUCCEEDED
    assert run.summary == "Command completed: hello"
    assert run.details["stdout"] == "hello\n"
    assert (run.exit_code, run.trigger, run.task) == (0, "manual", "job")
    assert Path(run.log_path).read_bytes() == b"hello\n"


def test_a_command_that_fails_says_its_exit_code(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo out; echo err >&2; exit 3")
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.FAILED, "exit_code")
    assert run.details["exit_code"] == 3
    assert (run.details["stdout"], run.details["stderr"]) == ("out\n", "err\n")
    assert run.summary.startswith("Command failed with exit 3: err (/bin/sh -c ")


def test_success_exit_codes_are_successes(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "exit 24", success_exit_codes=[0, 24])
    assert home.run("job").returncode == 0
    assert home.only_run().status is RunStatus.SUCCEEDED


def test_retries_run_until_one_succeeds_and_each_attempt_is_a_row(home: Home) -> None:
    script = 'echo x >> count; test "$(wc -l < count)" -ge 3'
    home.plan("job", "/bin/sh", "-c", script, retry=5, **AT_ONCE, cwd=str(home.path))
    assert home.run("job").returncode == 0
    run = home.only_run()
    assert run.retry_count == 2
    attempts = home.ask(lambda reader: reader.attempts(run.run_id))
    assert [(a.number, a.exit_code, a.ended_by) for a in attempts] == [
        (1, 1, "exit"),
        (2, 1, "exit"),
        (3, 0, "exit"),
    ]


def test_retry_count_counts_retries_and_not_attempts(home: Home) -> None:
    home.plan("job", "/bin/false", retry=2, **AT_ONCE)
    assert home.result("job")["retry_count"] == 2
    assert len(home.ask(lambda reader: reader.attempts(home.only_run().run_id))) == 3


def test_only_the_exit_codes_of_retry_on_are_tried_again(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "exit 4", retry=3, retry_on=[75], **AT_ONCE)
    assert home.result("job")["retry_count"] == 0


def test_attempt_numbers_reach_the_child(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", 'echo "$DOCKET_ATTEMPT"; exit 1', retry=1, **AT_ONCE)
    assert home.run("job").stdout == b"1\n2\n"


def test_the_runs_deadline_ends_the_waiting_between_attempts(home: Home) -> None:
    home.plan(
        "job",
        "/bin/false",
        retry=5,
        backoff_base=30.0,
        backoff_max_seconds=60.0,
        timeout_seconds=1.0,
    )
    result = home.result("job")
    assert (result["status"], result["retry_count"]) == ("failed", 0)
    assert result["details"]["retries_cut_short_by_timeout_seconds"] == 1.0
    assert result["duration_seconds"] < 5


@pytest.mark.parametrize(
    ("limit", "cause"),
    [
        ({"attempt_timeout_seconds": 0.3}, "attempt_timeout"),
        ({"timeout_seconds": 0.3}, "timeout"),
        ({"idle_timeout_seconds": 0.3}, "idle_timeout"),
    ],
)
def test_a_command_that_takes_too_long_times_out(
    home: Home, limit: dict[str, float], cause: str
) -> None:
    home.plan("job", "/bin/sh", "-c", "echo begun; sleep 60", **limit)
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.TIMED_OUT, cause)
    assert run.details["timed_out"] is True
    if cause != "idle_timeout":
        assert run.details["timeout_seconds"] == 0.3
    assert run.details["stdout"] == "begun\n"
    assert run.duration_seconds < 10


def test_output_keeps_the_idle_timeout_away(home: Home) -> None:
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done",
        idle_timeout_seconds=0.5,
    )
    assert home.run("job").returncode == 0


def test_a_timeout_kills_a_child_that_ignores_term_and_its_background(home: Home) -> None:
    script = "trap '' TERM; sleep 61 & echo $! $$; while :; do sleep 62; done"
    home.plan("job", "/bin/sh", "-c", script, attempt_timeout_seconds=0.3, grace_seconds=0.3)
    pids = [int(word) for word in home.run("job").stdout.split()]
    assert len(pids) == 2
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_background_child_that_holds_the_pipe_does_not_hang_the_run(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "sleep 63 & echo $!")
    done = home.run("job")
    assert done.returncode == 0
    assert home.only_run().duration_seconds < 10
    wait_until(lambda: not alive(int(done.stdout)))


def test_a_chatty_background_child_does_not_hang_the_run(home: Home) -> None:
    script = "trap '' TERM; (while :; do echo noise; sleep 0.01; done) & echo begun"
    home.plan("job", "/bin/sh", "-c", script)
    assert home.run("job").returncode == 0
    assert home.only_run().duration_seconds < 10


def test_the_skip_policy_records_the_run_that_holds_the_lock(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30")
    first = home.start("job")
    holder = wait_until(lambda: home.ask(lambda reader: reader.running("job")))[0]
    second = home.result("job")
    assert (second["returncode"], second["status"]) == (75, "skipped")
    assert second["blocked_by"] == holder.run_id
    row = home.ask(lambda reader: reader.run(second["run_id"]))
    assert (row.status, row.error_code) == (RunStatus.SKIPPED, "overlap")
    assert row.blocked_by == holder.run_id
    first.terminate()
    assert first.wait(60) == 1


def test_force_does_not_pass_the_lock(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30")
    first = home.start("job")
    holder = wait_until(lambda: home.ask(lambda reader: reader.running("job")))[0]
    forced = home.result("job", "--force")
    assert (forced["status"], forced["error_code"]) == ("skipped", "overlap")
    assert forced["blocked_by"] == holder.run_id
    first.terminate()
    first.wait(60)


def test_twenty_starts_at_once_run_exactly_one(home: Home) -> None:
    home.plan("job", "/bin/sleep", "3")
    runs = [home.start("job") for _ in range(20)]
    codes = sorted(run.wait(60) for run in runs)
    for run in runs:
        run.communicate()
    assert codes == [0] + [75] * 19
    assert home.counts("job") == {"succeeded": 1, "skipped": 19}


def test_sigterm_ends_the_child_and_the_run_is_interrupted(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo $$; exec sleep 64", hooks=[("on_failure", "echo hook")])
    run = home.start("job")
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    run.terminate()
    assert run.wait(60) == 1
    row = home.only_run()
    assert (row.status, row.error_code) == (RunStatus.INTERRUPTED, "stopped")
    assert not alive(pid)
    hooks = home.ask(lambda reader: reader.hooks(row.run_id))
    assert [(hook.kind, hook.stdout) for hook in hooks] == [("on_failure", "hook\n")]


def test_ctrl_c_cancels_the_run(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo $$; exec sleep 65")
    run = home.start("job")
    assert run.stdout is not None
    run.stdout.readline()
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert home.only_run().status is RunStatus.CANCELLED


def test_a_stop_between_attempts_ends_the_waiting(home: Home) -> None:
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        "echo x; exit 1",
        retry=3,
        backoff_base=30.0,
        backoff_max_seconds=60.0,
    )
    run = home.start("job")
    assert run.stdout is not None
    run.stdout.readline()
    wait_until(lambda: home.ask(lambda r: r.attempts(home.only_run().run_id)))
    run.terminate()
    assert run.wait(60) == 1
    assert home.only_run().status is RunStatus.INTERRUPTED


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGKILL, RunStatus.KILLED),
        (signal.SIGTERM, RunStatus.KILLED),
        (signal.SIGSEGV, RunStatus.FAILED),
    ],
)
def test_the_signal_that_ended_a_child_is_named(
    home: Home, number: signal.Signals, status: RunStatus
) -> None:
    home.plan("job", "/bin/sh", "-c", f"kill -{int(number)} $$")
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert (run.status, run.error_code) == (status, "signal")
    assert run.details["signal"] == number.name
    assert run.details["exit_code"] == -number


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["/no/such/program"], "Command not found: /no/such/program"),
        (["no-such-program"], "Command not found: no-such-program"),
        (["/etc/passwd"], "/etc/passwd cannot be started: Permission denied."),
    ],
)
def test_a_command_that_cannot_be_started_fails_with_that_sentence(
    home: Home, argv: list[str], sentence: str
) -> None:
    home.plan("job", *argv)
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.FAILED, "spawn_failed")
    assert run.summary == sentence


def test_a_script_whose_interpreter_is_missing_is_told_apart(home: Home) -> None:
    script = home.path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    home.plan("job", str(script))
    home.run("job")
    assert "interpreter" in home.only_run().summary


def test_a_missing_working_directory_is_named_and_not_the_command(home: Home) -> None:
    home.plan("job", "/bin/true", cwd="/no/such/directory")
    assert home.run("job").returncode == 1
    assert home.only_run().summary == (
        "The working directory /no/such/directory cannot be entered: No such file or directory."
    )


def test_a_missing_environment_file_fails_the_run_with_that_sentence(home: Home) -> None:
    home.plan("job", "/bin/true", env_files=["/no/such/file"])
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert run.error_code == "env_file_missing"
    assert "/no/such/file" in run.summary


def test_missing_required_variables_are_all_named(home: Home) -> None:
    home.plan("job", "/bin/true", required_env=["API_TOKEN", "PATH", "OTHER"])
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert run.summary == "Missing required environment variables: API_TOKEN, OTHER"
    assert run.error_code == "required_env_missing"
    assert run.details["missing_env"] == ["API_TOKEN", "OTHER"]


def test_standard_input_is_empty(home: Home) -> None:
    home.plan("job", "/bin/cat")
    assert home.run("job").returncode == 0


def test_dockets_own_variables_cannot_be_overridden(home: Home) -> None:
    home.plan(
        "job", "/usr/bin/env", env={"DOCKET_RUN_ID": "fake", "DOCKET_TRIGGER": "fake", "A": "b"}
    )
    result = home.result("job")
    lines = dict(line.split("=", 1) for line in result["details"]["stdout"].splitlines())
    assert lines["DOCKET_RUN_ID"] == result["run_id"]
    assert lines["DOCKET_TRIGGER"] == "manual"
    assert lines["DOCKET_TASK_NAME"] == "job"
    assert lines["DOCKET_STATE_PATH"] == str(home.state_db)
    assert lines["DOCKET_DATA_PATH"] == str(home.state_db.with_name("data.db"))
    assert lines["A"] == "b"


def test_what_the_child_writes_to_the_result_file_is_in_the_details(home: Home) -> None:
    script = 'echo \'{"rows": 7}\' > "$DOCKET_RESULT_FILE"'
    home.plan("job", "/bin/sh", "-c", script)
    assert home.result("job")["details"]["result"] == {"rows": 7}
    assert not list((home.lock_dir / "runs").iterdir())


@pytest.mark.parametrize(
    "script",
    [
        'echo nonsense > "$DOCKET_RESULT_FILE"',
        'echo [1] > "$DOCKET_RESULT_FILE"',
        'head -c 2000000 /dev/zero > "$DOCKET_RESULT_FILE"',
        'ln -s /etc/passwd "$DOCKET_RESULT_FILE"',
        'mkfifo "$DOCKET_RESULT_FILE"',
    ],
)
def test_a_hostile_result_file_is_named_and_changes_nothing(home: Home, script: str) -> None:
    home.plan("job", "/bin/sh", "-c", script)
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert "result" not in result["details"]
    assert "result_error" in result["details"]


def test_everything_made_is_private_whatever_the_umask(home: Home) -> None:
    home.plan("job", "/bin/echo", "a line")
    previous = os.umask(0)
    try:
        home.run("job")
    finally:
        os.umask(previous)
    made = [home.state_db, *home.lock_dir.rglob("*"), home.lock_dir, home.log_dir]
    made += list(home.log_dir.iterdir())
    assert len(made) >= 6
    for path in made:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_nobody_else_holds_the_run_lock_while_a_grandchild_lives_on(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "setsid sleep 66 >/dev/null 2>&1 & sleep 0.5; echo $!")
    first, second = (home.run("job") for _ in range(2))
    assert second.returncode == 0, "the task's lock must be free"
    for done in (first, second):
        os.kill(int(done.stdout), signal.SIGKILL)
    assert home.counts("job") == {"succeeded": 2}


def test_a_dry_run_leaves_no_trace(home: Home) -> None:
    home.plan("job", "/bin/touch", str(home.path / "touched"), hooks=[("on_complete", "echo x")])
    before = sorted(home.path.rglob("*"))
    result = home.result("job", "--dry-run")
    assert (result["returncode"], result["exit_code"], result["dry_run"]) == (2, 2, True)
    assert result["summary"].startswith("Would run: /bin/touch")
    assert result["details"]["dry_run_supported"] is False
    assert result["hooks"] == []
    assert sorted(home.path.rglob("*")) == before


def test_a_dry_run_runs_the_tasks_own_preview(home: Home) -> None:
    home.plan("job", "/bin/false", dry_run_argv=["/bin/echo", "would"])
    result = home.result("job", "--dry-run")
    assert (result["returncode"], result["status"]) == (2, "succeeded")
    assert result["details"]["stdout"] == "would\n"
    assert not home.state_db.exists()


def test_an_argument_that_is_wrong_gets_one_sentence_and_no_row(home: Home) -> None:
    for words in (
        ["../x"],
        ["job", "--nonsense"],
        ["job", "more"],
        [],
        ["job", "--run-id", "x"],
        ["job", "--trigger", "moon"],
        ["job", "--result-fd", "x"],
        ["job", "--home"],
    ):
        done = home.run(*words) if words else home.run("")
        assert done.returncode == 1
        assert done.stderr.startswith(b"docket: ")
        assert b"Traceback" not in done.stderr
    assert not home.state_db.exists()


def test_a_run_id_that_is_alive_is_not_run_twice(home: Home) -> None:
    run_id = "20260427T013000000000Z-ab12cd34"
    home.plan("job", "/bin/sleep", "30")
    first = home.start("job", "--run-id", run_id)
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    second = home.run("job", "--run-id", run_id, "--force")
    assert second.returncode == 1
    assert b"Traceback" not in second.stderr
    first.terminate()
    first.wait(60)


@pytest.mark.parametrize("plant", ["mkdir", "mkfifo", "ln -s /etc/passwd"])
def test_what_a_task_puts_in_the_place_of_its_result_does_not_end_its_runner(
    home: Home, plant: str
) -> None:
    home.plan("job", "/bin/sh", "-c", f'{plant} "$DOCKET_RESULT_FILE"')
    found = home.result("job")
    assert (found["status"], found["returncode"]) == ("succeeded", 0)
    assert "not a plain file" in found["details"]["result_error"]
    assert os.listdir(home.lock_dir / "runs") == []


def test_the_wait_before_attempt_n_plus_1_is_the_base_to_the_power_of_n(
    home: Home, status_lines: Any
) -> None:
    address, said = status_lines
    home.plan("job", "/bin/false", retry=3, backoff_base=0.5)
    home.run("job", environ={"NOTIFY_SOCKET": address})
    assert [line.rpartition(" in ")[2] for line in said() if "failed, next" in line] == [
        "0.5s",
        "0.25s",
        "0.125s",
    ]
    run = home.only_run()
    attempts = home.ask(lambda reader: reader.attempts(run.run_id))
    waits = [(b.started_us - a.finished_us) / 1e6 for a, b in itertools.pairwise(attempts)]
    assert all(wait >= 0.5**number for number, wait in enumerate(waits, 1))


def test_no_wait_between_attempts_is_longer_than_backoff_max(home: Home, status_lines: Any) -> None:
    address, said = status_lines
    home.plan("job", "/bin/false", retry=2, backoff_base=30.0, backoff_max_seconds=0.2)
    home.run("job", environ={"NOTIFY_SOCKET": address})
    assert sum("failed, next in 0.2s" in line for line in said()) == 2
    assert home.only_run().retry_count == 2


def test_a_reader_that_tries_the_lock_of_a_run_does_not_keep_it_from_starting(home: Home) -> None:
    run_id = "20260427T013000000000Z-ab12cd34"
    home.plan("job", "/bin/true")
    home.run("job")
    path = home.lock_dir / "runs" / f"{run_id}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        run = home.start("job", "--run-id", run_id)
        time.sleep(0.3)
        fcntl.flock(file, fcntl.LOCK_UN)
    assert run.wait(60) == 0
    run.communicate()


def test_the_file_of_a_run_is_gone_before_its_lock_is_free(tmp_path: Path) -> None:
    for number in range(200):
        run_id = f"20260427T013000000000Z-{number:08x}"
        lock = RunLock(str(tmp_path), run_id)
        path = tmp_path / "runs" / f"{run_id}.lock"
        with path.open() as file, ThreadPoolExecutor(1) as pool:
            waits = pool.submit(fcntl.flock, file, fcntl.LOCK_SH)
            seen = pool.submit(path.exists)
            lock.release()
            waits.result()
            assert not seen.result()

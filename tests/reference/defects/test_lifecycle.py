"""Defects of docket-cli 0.2.2 in the life of a run: starting, stopping, locks, dependencies."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.reference.defects.program import Program, gone, until

ENDLESS = "echo $$ > {path}/pid; exec sleep 300"


def endless(docket: Program, keys: str = "") -> None:
    """Write a config with a task that goes on until it is ended, and says its process id."""
    line = ENDLESS.replace("{path}", str(docket.path))
    docket.task(f'command: [sh, -c, "{line}"], grace: 1{keys}')


def runner_of(docket: Program, run_id: str) -> int:
    """Return the process of a run's runner, once it has one."""
    return int(until(lambda: docket.run_of(run_id)["pid"]))


def test_a_killed_runner_in_the_background_ends_its_run(
    docket: Program,
) -> None:
    endless(docket)
    run_id = docket.in_background()
    child = docket.pid_in("pid")
    os.kill(runner_of(docket, run_id), signal.SIGKILL)
    assert docket.say("wait", run_id, "--timeout", "20").exit_code == 1
    assert docket.run_of(run_id)["status"] in ("killed", "lost")
    until(lambda: gone(child))


def test_after_a_killed_runner_no_second_copy_runs_beside_the_first(docket: Program) -> None:
    endless(docket)
    run_id = docket.in_background()
    first = docket.pid_in("pid")
    os.kill(runner_of(docket, run_id), signal.SIGKILL)
    (docket.path / "pid").unlink()
    second_run = docket.in_background()
    second = docket.pid_in("pid")
    assert gone(first)
    assert not gone(second)
    docket.say("cancel", second_run)


def test_a_row_of_a_boot_that_is_over_is_closed(docket: Program) -> None:
    endless(docket)
    run_id = docket.in_background()
    child = docket.pid_in("pid")
    os.kill(runner_of(docket, run_id), signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    assert docket.ask("runs")[0]["status"] in ("killed", "lost")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_a_run_in_the_foreground_leaves_a_row_and_no_orphan(
    docket: Program, number: signal.Signals
) -> None:
    endless(docket)
    process = docket.start("run", "job", "--json")
    child = docket.pid_in("pid")
    run_id = docket.ask("runs")[0]["run_id"]
    target = runner_of(docket, run_id) if number == signal.SIGKILL else process.pid
    os.kill(target, number)
    process.communicate(timeout=30)
    assert docket.run_of(run_id)["status"] in ("interrupted", "cancelled", "killed")
    until(lambda: gone(child))


def test_a_run_in_the_foreground_is_seen_and_can_be_cancelled(docket: Program) -> None:
    endless(docket)
    process = docket.start("run", "job", "--json")
    docket.pid_in("pid")
    found = docket.ask("runs")[0]
    assert (found["status"], found["alive"]) == ("running", True)
    assert docket.ask("cancel", found["run_id"])["cancelled"]
    process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_recorded_process_id_of_somebody_else_is_never_signalled(docket: Program) -> None:
    docket.task("command: 'true'")
    docket.ask("run", "job")
    victim = docket.start("wait", "20260101T000000000000Z-00000000")  # any process will do
    database = docket.home / "state.db"
    import sqlite3

    connection = sqlite3.connect(database)
    row: dict[str, Any] = {
        "run_id": "20260101T000000000000Z-0000000a",
        "task": "job",
        "status": "running",
        "trigger": "async",
        "started_at": 1_767_225_600_000_000,
        "pid": victim.pid,
    }
    names = ", ".join(row)
    with connection:
        connection.execute(
            f"INSERT INTO runs ({names}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()),
        )
    connection.close()
    found = docket.ask("cancel", row["run_id"])
    victim.communicate(timeout=30)
    assert victim.returncode == 1  # it came to its own end
    assert found.get("status") != "running"


def test_cancel_ends_a_child_that_ignores_term_and_its_grandchildren(docket: Program) -> None:
    docket.file(
        "stubborn",
        "#!/bin/sh\ntrap '' TERM\necho $$ > {0}/pid\n"
        "setsid sh -c 'echo $$ > {0}/grandchild; exec sleep 300' &\n"
        "while :; do sleep 1; done\n".replace("{0}", str(docket.path)),
    )
    hook = f"echo $DOCKET_STATUS >> {docket.path}/hooks"
    docket.task(f"command: ['{docket.path}/stubborn'], grace: 1, on_complete: '{hook}'")
    run_id = docket.in_background()
    child, grandchild = docket.pid_in("pid"), docket.pid_in("grandchild")
    found = docket.ask("cancel", run_id)
    assert (found["status"], found["cancelled"]) == ("cancelled", True)
    until(lambda: gone(child))
    until(lambda: gone(grandchild))
    docket.say("wait", run_id, "--timeout", "20")
    assert (docket.path / "hooks").read_text() == "cancelled\n"


def test_cancelling_twice_says_that_it_is_over(docket: Program) -> None:
    endless(docket)
    run_id = docket.in_background()
    docket.pid_in("pid")
    first, second = docket.ask("cancel", run_id), docket.ask("cancel", run_id)
    assert [first["status"], second["status"]] == ["cancelled", "cancelled"]
    assert second["termination"] is None


def test_a_timeout_ends_everything_that_the_command_started(docket: Program) -> None:
    line = f"sleep 304 & echo $! > {docket.path}/background; echo $$ > {docket.path}/pid; sleep 305"
    docket.task(f'command: [sh, -c, "{line}"], timeout_seconds: 1, grace: 1')
    docket.ask("run", "job")
    assert gone(docket.pid_in("pid"))
    until(lambda: gone(docket.pid_in("background")))


def test_what_a_hook_leaves_in_the_background_is_ended_with_it(docket: Program) -> None:
    docket.task(
        f"command: 'true', on_success: 'sleep 304 & echo $! > {docket.path}/pid; sleep 0.1; exit 0'"
    )
    found = docket.ask("run", "job")
    assert found["hooks"][0]["exit_code"] == 0
    until(lambda: gone(docket.pid_in("pid")))


def test_a_background_child_that_holds_the_pipe_does_not_hold_the_run(docket: Program) -> None:
    docket.task('command: [sh, -c, "sleep 300 & echo out"]')
    found = docket.ask("run", "job")
    assert found["details"]["stdout"] == "out\n"
    assert found["duration_seconds"] < 10


def test_a_run_that_finds_another_in_its_way_leaves_a_row(docket: Program) -> None:
    endless(docket)
    first = docket.in_background()
    docket.pid_in("pid")
    answer = docket.say("run", "job", "--json")
    assert answer.exit_code == 1
    assert answer.document["error_code"] == "run.already_running"
    skipped = docket.ask("runs", "--status", "skipped")
    assert [run["blocked_by"] for run in skipped] == [first]
    assert docket.say("wait", skipped[0]["run_id"]).exit_code == 0  # its row is not a failure
    docket.say("cancel", first)


def test_of_many_in_the_background_one_runs_and_the_others_say_why_not(docket: Program) -> None:
    docket.task("command: [sleep, '4']")
    started = [docket.start("run", "job", "--async", "--json") for _ in range(8)]
    for process in started:
        process.communicate(timeout=60)
    runs = [run["run_id"] for run in docket.ask("runs", "--limit", "50")]
    docket.say("wait", *runs, "--timeout", "30")
    ends = sorted(run["status"] for run in docket.ask("runs", "--limit", "50"))
    assert ends == ["skipped"] * 7 + ["succeeded"]


def test_the_lock_file_of_one_task_is_never_taken_away_by_another(docket: Program) -> None:
    line = f"echo $$ > {docket.path}/pid; exec sleep 300"
    docket.config(
        f"tasks:\n  job: {{type: command, command: [sh, -c, '{line}']}}\n"
        "  other: {type: command, command: 'true'}\n"
    )
    first = docket.in_background()
    docket.pid_in("pid")
    for _ in range(3):
        docket.ask("run", "other")
    assert docket.say("run", "job").exit_code == 1
    docket.say("cancel", first)


def test_force_never_runs_two_copies_at_once(docket: Program) -> None:
    docket.task("command: [sleep, '3']")
    first = docket.in_background()
    until(lambda: docket.run_of(first)["status"] == "running")
    assert docket.say("run", "job", "--force", "--json").document["blocked_by"] == first


DIAMOND = """
tasks:
  base: {type: command, command: [sh, -c, "echo x >> {path}/base"]}
  left: {type: command, command: 'true', depends_on: [base]}
  right: {type: command, command: 'true', depends_on: [base]}
  top: {type: command, command: 'true', depends_on: [left, right], once_per: day}
"""


def test_the_base_of_a_diamond_runs_once(docket: Program) -> None:
    docket.config(DIAMOND)
    assert docket.ask("run", "top")["status"] == "succeeded"
    assert (docket.path / "base").read_text() == "x\n"


def test_a_task_that_is_served_runs_no_dependency(docket: Program) -> None:
    docket.config(DIAMOND)
    docket.ask("run", "top")
    assert docket.ask("run", "top")["status"] == "skipped"
    assert (docket.path / "base").read_text() == "x\n"


def test_a_receipt_does_not_wait_for_dependencies(docket: Program) -> None:
    docket.config(
        "tasks:\n  base: {type: command, command: [sleep, '30']}\n"
        "  top: {type: command, command: 'true', depends_on: [base]}\n"
    )
    run_id = docket.in_background("top")
    assert docket.run_of(run_id)["finished_at"] is None
    docket.say("cancel", run_id)


def test_a_run_whose_dependency_failed_is_not_healthy(docket: Program) -> None:
    docket.config(
        "tasks:\n  base: {type: command, command: 'false'}\n"
        "  top: {type: command, command: 'true', depends_on: [base]}\n"
    )
    assert docket.ask("run", "top")["status"] == "failed"
    assert docket.ask("health")["failed"] == ["base", "top"]


def test_an_unknown_dependency_is_found_before_anything_runs(docket: Program) -> None:
    docket.task("command: 'true', depends_on: [nobody]")
    answer = docket.say("check", "--json")
    assert answer.exit_code == 1
    assert "nobody" in answer.out


def test_two_homes_with_one_task_name_do_not_block_each_other(docket: Program) -> None:
    endless(docket)
    first = docket.in_background()
    docket.pid_in("pid")
    other = docket.file("other/config.yaml", "tasks: {job: {type: command, command: 'true'}}\n")
    other.chmod(0o600)
    assert docket.say("run", "job", "--home", str(other.parent)).exit_code == 0
    docket.say("cancel", first)


def test_a_dry_run_leaves_no_trace(docket: Program) -> None:
    hook = f"touch {docket.path}/hooked"
    docket.task(f"command: 'false', dry_run_command: 'true', on_complete: '{hook}'")
    docket.ask("run", "job")
    (docket.path / "hooked").unlink()
    before = (docket.ask("runs"), docket.ask("status"), docket.ask("health"))
    answer = docket.say("run", "job", "--dry-run", "--json")
    assert (answer.exit_code, answer.document["hooks"]) == (2, [])
    assert not (docket.path / "hooked").exists()
    after = (docket.ask("runs"), docket.ask("status"), docket.ask("health"))
    seconds = ("seconds_since_last_run", "seconds_since_success")
    for health in (before[2], after[2]):
        for name in seconds:
            health["details"]["job"].pop(name, None)
    assert after == before


def test_a_finished_run_cannot_be_written_over(docket: Program) -> None:
    docket.config(
        "tasks:\n  job: {type: command, command: 'false'}\n"
        "  other: {type: command, command: 'true'}\n"
    )
    run_id = docket.ask("run", "job")["run_id"]
    docket.say("exec", "other", "--run-id", run_id, "--trigger", "manual")
    found = docket.run_of(run_id)
    assert (found["task_name"], found["status"]) == ("job", "failed")

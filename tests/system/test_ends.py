"""How runs end when somebody interferes: each is a row with its true cause."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, Seat, await_that


def _start(seat: Seat, task: str) -> dict[str, Any]:
    """Start the service of `task` by hand, as a timer would, and return its running row."""
    seat.systemctl("start", "--no-block", f"docket-{task}.service")
    return seat.await_run(task, lambda run: run["status"] == "running")


def _ended(run: dict[str, Any]) -> bool:
    return bool(run["status"] != "running")


def test_a_killed_runner_leaves_a_row_with_the_cause_and_its_hook_ran_within_two_seconds(
    ada: HostSeat,
) -> None:
    hook = "echo $DOCKET_STATUS $DOCKET_RUN_ID > /home/ada/hook-ran"
    job = shell("sleep 300 & sleep 300", schedule="@yearly", on_failure=hook)
    ada.configure({"long": job})
    ada.docket("install")
    running = _start(ada, "long")
    runner = int(ada.shown("docket-long.service", "MainPID"))
    ada.run(["/bin/sh", "-c", f"kill -9 {runner}"])
    killed_at = time.monotonic()
    await_that("the hook", lambda: os.path.exists(ada.path("/home/ada/hook-ran")), 2)
    run = ada.await_run("long", _ended, 2)
    assert time.monotonic() - killed_at < 2
    assert run["run_id"] == running["run_id"]
    assert run["status"] == "killed"
    assert "SIGKILL" in run["summary"] or "KILL" in run["summary"]
    assert ada.host.read("/home/ada/hook-ran") == f"killed {run['run_id']}\n"
    assert ada.host.count("sleep") == 0
    assert ada.shown("docket-long.service", "ActiveState") == "failed"
    ada.run(["rm", "/home/ada/hook-ran"])


def test_stopping_the_service_ends_the_run_as_interrupted(ada: HostSeat) -> None:
    hook = "echo $DOCKET_STATUS > /home/ada/hook-said"
    job = shell("sleep 300 & sleep 300", schedule="@yearly", on_complete=hook)
    ada.configure({"long": job})
    ada.docket("install")
    _start(ada, "long")
    ada.systemctl("stop", "docket-long.service")
    run = ada.await_run("long", _ended, 2)
    assert run["status"] == "interrupted"
    assert ada.host.read("/home/ada/hook-said") == "interrupted\n"
    assert ada.host.count("sleep") == 0
    ada.run(["rm", "/home/ada/hook-said"])


def test_a_shutdown_in_order_ends_a_run_as_interrupted(ada: HostSeat) -> None:
    ada.configure({"long": command("/bin/sleep", "300", schedule="@yearly")})
    ada.docket("install")
    running = _start(ada, "long")
    ada.host.reboot(in_order=True)
    run = ada.await_run("long", _ended)
    assert run["run_id"] == running["run_id"]
    assert run["status"] == "interrupted"


def test_after_a_power_cut_no_run_claims_to_be_alive(ada: HostSeat) -> None:
    ada.configure({"long": command("/bin/sleep", "300", schedule="@yearly")})
    ada.docket("install")
    cut = _start(ada, "long")
    ada.host.reboot()
    running = ada.answer("status", "long")["running"]
    assert [(run["run_id"], run["alive"]) for run in running] == [(cut["run_id"], False)]
    assert "its runner is gone" in ada.docket("status", "long").stdout


def test_a_failing_job_fails_its_unit_and_a_skipped_one_does_not(ada: HostSeat) -> None:
    ada.configure(
        {
            "bad": shell("exit 3", schedule="@yearly"),
            "busy": command("/bin/sleep", "300", schedule="@yearly"),
        }
    )
    ada.docket("install")
    ada.systemctl("start", "docket-bad.service", check=False)
    assert ada.shown("docket-bad.service", "ActiveState") == "failed"
    assert ada.shown("docket-bad.service", "Result") == "exit-code"
    assert ada.runs("bad")[0]["status"] == "failed"
    by_hand = ada.run(
        ["/bin/sh", "-c", 'exec "$0" run busy >/dev/null 2>&1 & echo $!', DOCKET]
    ).stdout.strip()
    holder = ada.await_run("busy", lambda run: run["status"] == "running")
    assert holder["trigger"] == "manual"
    ada.systemctl("start", "docket-busy.service")
    assert ada.shown("docket-busy.service", "Result") == "success"
    skipped = ada.await_run("busy", lambda run: run["status"] == "skipped")
    assert skipped["blocked_by"] == holder["run_id"]
    ada.run(["/bin/sh", "-c", f"kill -TERM {by_hand}"])
    assert ada.await_run("busy", lambda run: run["run_id"] == holder["run_id"] and _ended(run))


def test_a_timeout_kills_grandchildren_too(ada: HostSeat) -> None:
    job = shell("sleep 300 & setsid sleep 300 & sleep 300", schedule="@yearly", timeout="1s")
    ada.configure({"slow": job})
    ada.docket("install")
    ada.systemctl("start", "docket-slow.service", check=False)
    assert ada.await_run("slow", _ended)["status"] == "timed_out"
    assert await_that("an empty cgroup", lambda: ada.host.count("sleep") == 0, 3)


def test_a_background_grandchild_does_not_outlive_the_run(ada: HostSeat) -> None:
    ada.configure({"leaver": shell("setsid sleep 300 & exit 0", schedule="@yearly")})
    ada.docket("install")
    start = time.monotonic()
    ada.systemctl("start", "docket-leaver.service")
    assert time.monotonic() - start < 15
    assert ada.await_run("leaver", _ended)["status"] == "succeeded"
    assert await_that("an empty cgroup", lambda: ada.host.count("sleep") == 0, 3)


def test_a_job_killed_by_a_signal_is_told_from_a_killed_runner(ada: HostSeat) -> None:
    ada.configure({"crash": shell("kill -SEGV $$", schedule="@yearly")})
    ada.docket("install")
    ada.systemctl("start", "docket-crash.service", check=False)
    run = ada.await_run("crash", _ended)
    assert run["status"] == "failed"
    assert signal.Signals.SIGSEGV.name in run["summary"]


def test_many_starts_in_a_row_hit_no_start_limit(ada: HostSeat) -> None:
    ada.configure({"quick": command("/bin/true", schedule="@yearly")})
    ada.docket("install")
    for _ in range(8):
        ada.systemctl("start", "docket-quick.service")
    assert [run["status"] for run in ada.runs("quick")] == ["succeeded"] * 8

"""How runs end when somebody interferes: each is a row with its true cause."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, Seat, await_that

_SLEEP = "sleep 4711.25"  # a number that marks the processes of these tests
_FAMILY = f"{_SLEEP} & {_SLEEP}"


def _start(seat: Seat, task: str) -> dict[str, Any]:
    """Start the service of `task` by hand, as a timer would, and return its running row."""
    seat.systemctl("start", "--no-block", seat.unit(f"{task}.service"))
    return seat.await_run(task, lambda run: run["status"] == "running")


def _ended(run: dict[str, Any]) -> bool:
    return bool(run["status"] != "running")


def test_a_killed_runner_leaves_a_row_with_the_cause_and_its_hook_ran_at_once(
    seat: Seat,
) -> None:
    said = f"{seat.folder}/hook-said"
    hook = f"echo $DOCKET_STATUS $DOCKET_RUN_ID > {said}"
    seat.configure({"long": shell(_FAMILY, schedule="@yearly", on_failure=hook)})
    seat.docket("install")
    running = _start(seat, "long")
    runner = seat.shown(seat.unit("long.service"), "MainPID")
    seat.run(["/bin/sh", "-c", f"kill -9 {runner}"])
    await_that("the hook", lambda: os.path.exists(seat.path(said)), 15)
    run = seat.await_run("long", _ended, 15)
    assert run["run_id"] == running["run_id"]
    assert run["status"] == "killed"
    assert "KILL" in run["summary"]
    assert seat.read(said) == f"killed {run['run_id']}\n"
    assert seat.count(_SLEEP) == 0
    assert seat.shown(seat.unit("long.service"), "ActiveState") == "failed"
    seat.run(["rm", said])


def test_stopping_the_service_ends_the_run_as_interrupted(seat: Seat) -> None:
    said = f"{seat.folder}/hook-said"
    hook = f"echo $DOCKET_STATUS > {said}"
    seat.configure({"long": shell(_FAMILY, schedule="@yearly", on_complete=hook)})
    seat.docket("install")
    _start(seat, "long")
    seat.systemctl("stop", seat.unit("long.service"))
    run = seat.await_run("long", _ended, 15)
    assert run["status"] == "interrupted"
    assert seat.read(said) == "interrupted\n"
    assert seat.count(_SLEEP) == 0
    seat.run(["rm", said])


def test_a_shutdown_in_order_ends_a_run_as_interrupted(ada: HostSeat) -> None:
    ada.configure({"long": command("/bin/sleep", "300", schedule="@yearly")})
    ada.docket("install")
    running = _start(ada, "long")
    ada.host.reboot(in_order=True)
    run = ada.await_run("long", _ended)
    assert run["run_id"] == running["run_id"]
    assert run["status"] == "interrupted"


def test_a_power_cut_interrupts_a_run_and_whoever_looks_first_says_so(ada: HostSeat) -> None:
    ada.configure({"long": command("/bin/sleep", "300", schedule="@yearly")})
    ada.docket("install")
    cut = _start(ada, "long")
    ada.host.reboot()
    (run,) = ada.runs("long")
    assert run["run_id"] == cut["run_id"]
    assert (run["status"], run["error_code"]) == ("interrupted", "reboot")
    assert ada.answer("status", "long")["running"] == []


@pytest.mark.parametrize("reader", ["status", "maintain"])
def test_hooks_of_a_run_that_a_power_cut_ended_are_in_its_sandbox(
    root: HostSeat, ada: HostSeat, reader: str
) -> None:
    """Neither the runner nor its finalizer was there to run them; a reader starts them."""
    root.run(["sh", "-c", "mkdir -pm 1777 /srv/hooked; chmod 1777 /srv/hooked"])
    hook = "touch /srv/hooked/out && echo out || echo kept; touch /tmp/in && echo in"
    ada.configure({"boxed": shell("sleep 300", sandbox="strict", on_failure=hook)})
    ada.docket("install")
    ada.systemctl("start", "--no-block", ada.unit("boxed.service"))
    run = ada.await_run("boxed", lambda run: run["status"] == "running")
    ada.host.reboot()
    ada.docket(reader)

    def done() -> list[dict[str, Any]] | None:
        hooks = ada.answer("status", "--run-id", run["run_id"])["hooks"]
        return hooks if hooks and hooks[0]["state"] != "pending" else None

    (told,) = await_that("the hook", done)
    assert told["stdout"].split() == ["kept", "in"]
    assert ada.run(["ls", "/srv/hooked"]).stdout == ""


def test_a_failing_job_fails_its_unit_and_a_skipped_one_does_not(seat: Seat) -> None:
    seat.configure(
        {
            "bad": shell("exit 3", schedule="@yearly"),
            "busy": command("/bin/sleep", "300", schedule="@yearly"),
        }
    )
    seat.docket("install")
    seat.systemctl("start", seat.unit("bad.service"), check=False)
    assert seat.shown(seat.unit("bad.service"), "ActiveState") == "failed"
    assert seat.shown(seat.unit("bad.service"), "Result") == "exit-code"
    assert seat.runs("bad")[0]["status"] == "failed"
    by_hand = seat.run(
        ["/bin/sh", "-c", 'exec "$0" run busy >/dev/null 2>&1 & echo $!', DOCKET]
    ).stdout.strip()
    holder = seat.await_run("busy", lambda run: run["status"] == "running")
    assert holder["trigger"] == "manual"
    seat.systemctl("start", seat.unit("busy.service"))
    assert seat.shown(seat.unit("busy.service"), "Result") == "success"
    skipped = seat.await_run("busy", lambda run: run["status"] == "skipped")
    assert skipped["blocked_by"] == holder["run_id"]
    seat.run(["/bin/sh", "-c", f"kill -TERM {by_hand}"])
    assert seat.await_run("busy", lambda run: run["run_id"] == holder["run_id"] and _ended(run))


def test_a_timeout_kills_grandchildren_too(seat: Seat) -> None:
    job = shell(f"setsid {_SLEEP} & {_FAMILY}", schedule="@yearly", timeout="1s")
    seat.configure({"slow": job})
    seat.docket("install")
    seat.systemctl("start", seat.unit("slow.service"), check=False)
    assert seat.await_run("slow", _ended)["status"] == "timed_out"
    assert await_that("an empty cgroup", lambda: seat.count(_SLEEP) == 0)


def test_a_background_grandchild_does_not_outlive_the_run(seat: Seat) -> None:
    seat.configure({"leaver": shell(f"setsid {_SLEEP} & exit 0", schedule="@yearly")})
    seat.docket("install")
    start = time.monotonic()
    seat.systemctl("start", seat.unit("leaver.service"))
    assert time.monotonic() - start < 15
    assert seat.await_run("leaver", _ended)["status"] == "succeeded"
    assert await_that("an empty cgroup", lambda: seat.count(_SLEEP) == 0)


def test_a_job_killed_by_a_signal_is_not_taken_for_a_killed_runner(seat: Seat) -> None:
    seat.configure({"crash": shell("kill -SEGV $$", schedule="@yearly")})
    seat.docket("install")
    seat.systemctl("start", seat.unit("crash.service"), check=False)
    run = seat.await_run("crash", _ended)
    assert run["status"] == "failed"
    assert signal.Signals.SIGSEGV.name in run["summary"]


def test_many_starts_in_a_row_hit_no_start_limit(seat: Seat) -> None:
    seat.configure({"quick": command("/bin/true", schedule="@yearly")})
    seat.docket("install")
    for _ in range(8):
        seat.systemctl("start", seat.unit("quick.service"))
    assert [run["status"] for run in seat.runs("quick")] == ["succeeded"] * 8

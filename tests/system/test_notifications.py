"""On a booted systemd: a failure that its runner cannot report is still reported, once."""

from __future__ import annotations

from typing import Any

from tests.system.jobs import shell
from tests.system.seat import HostSeat, await_that
from tests.unit.notify.loopback import Loopback, silence

UNIT = "docket-doomed.service"


def install(seat: HostSeat, server: Loopback, script: str, **keys: Any) -> None:
    notify = {"webhook": {"url_env": "OPS"}}
    seat.write(f"{seat.home}/alarms.env", f"OPS={server.url}/alarm\n")
    task = shell(script, schedule="@yearly", notify=notify, env_file="alarms.env", **keys)
    seat.configure({"doomed": task})
    seat.docket("install")


def outcomes(seat: HostSeat, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = seat.answer("status", "--run-id", run_id)["hooks"]
    return found


def test_the_finalizer_sends_the_message_for_a_killed_runner(
    ada: HostSeat, server: Loopback
) -> None:
    install(ada, server, "sleep 300")
    ada.systemctl("start", "--no-block", UNIT)
    ada.await_run("doomed", lambda run: run["status"] == "running")
    pid = ada.shown(UNIT, "MainPID")
    ada.run(["/bin/sh", "-c", f"kill -9 {pid}"])
    run = ada.await_run("doomed", lambda run: run["status"] == "killed")
    await_that("the alarm", lambda: server.asked)
    body = server.only.json
    assert (body["run_id"], body["error_code"]) == (run["run_id"], "runner_killed")
    await_that(
        "the outcome", lambda: [h["state"] for h in outcomes(ada, run["run_id"])] == ["delivered"]
    )
    ada.docket("maintain")
    assert len(server.asked) == 1


def test_after_a_power_cut_the_maintenance_unit_sends_messages_before_it_ends(
    ada: HostSeat, server: Loopback
) -> None:
    install(ada, server, "sleep 300")
    ada.systemctl("start", "--no-block", UNIT)
    run = ada.await_run("doomed", lambda run: run["status"] == "running")
    ada.host.reboot()
    ada.systemctl("start", "docket-maintenance.service")
    body = server.only.json
    assert (body["run_id"], body["status"]) == (run["run_id"], "interrupted")
    (hook,) = outcomes(ada, run["run_id"])
    assert (hook["command"], hook["state"]) == ("notify:webhook", "delivered")


def test_the_unit_waits_for_a_slow_channel_and_not_for_ever(
    ada: HostSeat, server: Loopback
) -> None:
    server.usual = silence
    install(ada, server, "exit 1")
    notify = {"webhook": {"url_env": "OPS"}, "timeout": 2}
    task = shell("exit 1", schedule="@yearly", notify=notify, env_file="alarms.env")
    ada.configure({"doomed": task})
    ada.docket("install")
    ada.systemctl("start", UNIT, check=False)
    run = ada.runs("doomed")[0]
    assert (run["status"], run["notified"]) == ("failed", "failed")
    (hook,) = outcomes(ada, run["run_id"])
    assert (hook["state"], hook["exit_code"]) == ("timed_out", -1)
    assert ada.shown(UNIT, "Result") == "exit-code"

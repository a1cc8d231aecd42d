"""docket.api beside a real service manager: runs in units, from threads, and Ctrl-C."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.system.jobs import command, shell
from tests.system.seat import Seat

BEGIN = """
import json, os, signal, sys, threading, time
from docket import api
scope = {"system": True} if sys.argv[1] == "system" else {}
"""
IN_A_THREAD = """
found = []
def work():
    result = api.run_task("tight", **scope)
    run = api.task_status(run_id=result["run_id"], **scope)
    receipt = api.run_task_async("plain", **scope)
    ended = api.wait_run(receipt["run_id"], timeout=30, **scope)
    found.extend([result["status"], run["unit"], receipt["launcher"], ended["status"]])
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(json.dumps(found))
"""
WITH_CTRL_C = """
def interrupt():
    while not any(run["status"] == "running" for run in api.task_runs("slow", **scope)):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    api.run_task("slow", **scope)
    found = ["no interrupt"]
except KeyboardInterrupt:
    found = [run["status"] for run in api.task_runs("slow", **scope)]
print(json.dumps(found))
"""


def said(seat: Seat, script: str) -> Any:
    """Run a script that prints one JSON value at the seat and return that."""
    scope = "system" if seat.system else "user"
    return json.loads(seat.run([sys.executable, "-c", BEGIN + script, scope]).stdout)


def test_runs_go_on_in_units_whichever_thread_asks(seat: Seat) -> None:
    seat.configure({"tight": command("true", limits={"memory": "64M"}), "plain": command("true")})
    status, unit, launcher, ended = said(seat, IN_A_THREAD)
    assert (status, launcher, ended) == ("succeeded", "systemd", "succeeded")
    assert unit.startswith(seat.unit("tight.service").removesuffix(".service"))


def test_ctrl_c_cancels_a_run_in_a_unit_of_its_own(seat: Seat) -> None:
    job = shell("sleep 60", limits={"memory": "64M"}, grace="1s")
    seat.configure({"slow": job})
    assert said(seat, WITH_CTRL_C) == ["cancelled"]


def test_health_and_the_agents_doctor_see_the_real_timers(seat: Seat) -> None:
    seat.configure({"nightly": command("true", schedule="@daily")})
    seat.docket("install", "--now")
    checks = {c["name"]: c for c in seat.answer("doctor", "--agent", check=False)["checks"]}
    assert checks["nightly:timer_active"]["ok"]
    described = seat.answer("describe", "nightly")
    assert described["next_run"] == described["timer"]["next_fire"] is not None
    details = seat.answer("health")["details"]["nightly"]
    assert (details["category"], details["notes"]) == ("never_run", [])
    assert details["schedule_interval_seconds"] == 86400
    seat.docket("disable", "nightly")
    checks = {c["name"]: c for c in seat.answer("doctor", "--agent", check=False)["checks"]}
    assert not checks["nightly:timer_active"]["ok"]
    assert seat.answer("describe", "nightly")["next_run"] is None

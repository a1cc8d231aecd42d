"""Fires that a power cut, a stopped timer or a long run took away, on a real systemd."""

from __future__ import annotations

import os
import time
from typing import Any

from tests.system.host import PrivateHost
from tests.system.jobs import command, daily_at, instant_of, seconds_from_now, shell
from tests.system.seat import DOCKET, HostSeat, await_that

EVERY_SECOND = {"calendar": "*-*-* *:*:* UTC"}
_LATER = """
import os, sys, time
from docket.app.fires.missed import look
from docket.app.session.session import open_session
session = open_session(os.environ, system=sys.argv[2] == "system")
ahead = int(float(sys.argv[1]) * 1e6)
look(session.replace(now_us=lambda: time.time_ns() // 1000 + ahead), thorough=True)
"""


def look_later(seat: HostSeat, seconds: float = 70) -> None:
    """Look at the fires as it will be done some time from now, when all of them are settled."""
    interpreter = os.path.join(os.path.dirname(DOCKET), "python")
    scope = "system" if seat.system else "user"
    seat.run([interpreter, "-c", _LATER, str(seconds), scope])


def _rows(seat: HostSeat, task: str, status: str) -> list[dict[str, Any]]:
    return [run for run in seat.runs(task) if run["status"] == status]


def _off_over(host: PrivateHost, instant: float) -> None:
    host.cut_power()
    time.sleep(max(0.0, instant - time.time()) + 0.3)
    host.boot()


def test_fires_that_a_power_cut_took_are_rows_and_the_one_caught_up_is_not(ada: HostSeat) -> None:
    due = seconds_from_now(10)
    ada.configure(
        {
            "careless": command("/bin/true", schedule=daily_at(due), catch_up=False),
            "nightly": command("/bin/true", schedule=daily_at(due)),
        }
    )
    ada.docket("install", "--now")
    _off_over(ada.host, due.timestamp())
    ada.await_run("nightly", lambda run: run["status"] == "succeeded")
    look_later(ada)
    (missed,) = _rows(ada, "careless", "missed")
    assert instant_of(missed["scheduled_for"]) == due
    assert missed["error_code"] == "machine_off"
    assert _rows(ada, "nightly", "missed") == []
    look_later(ada, 75)
    assert len(_rows(ada, "careless", "missed")) == 1


def test_fires_of_a_disabled_timer_are_shown_as_such(ada: HostSeat) -> None:
    due = seconds_from_now(10)
    ada.configure({"nightly": command("/bin/true", schedule=daily_at(due))})
    ada.docket("install", "--now")
    ada.docket("runs")
    look_later(ada, 62)
    ada.docket("disable", "nightly")
    time.sleep(max(0.0, due.timestamp() - time.time()) + 1)
    look_later(ada)
    (missed,) = _rows(ada, "nightly", "missed")
    assert missed["error_code"] == "timer_disabled"
    assert instant_of(missed["scheduled_for"]) == due


def test_fires_within_a_run_are_skipped_and_name_it(ada: HostSeat) -> None:
    ada.configure({"busy": shell("sleep 4", schedule=EVERY_SECOND)})
    ada.docket("install", "--now")
    run = ada.await_run("busy", lambda run: run["status"] == "succeeded")
    ada.docket("disable", "busy")
    look_later(ada, 61.5)
    swallowed = [r for r in _rows(ada, "busy", "skipped") if r["blocked_by"] == run["run_id"]]
    assert len(swallowed) >= 3
    assert {row["error_code"] for row in swallowed} == {"overlap"}
    began, ended = instant_of(run["started_at"]), instant_of(run["finished_at"])
    assert all(began <= instant_of(row["scheduled_for"]) for row in swallowed)
    assert all((instant_of(row["scheduled_for"]) - ended).total_seconds() <= 1 for row in swallowed)


def test_the_maintenance_timer_comes_and_goes_with_the_tasks_timers(ada: HostSeat) -> None:
    timer, service = ada.unit("maintenance.timer"), ada.unit("maintenance.service")
    ada.configure({"nightly": command("/bin/true", schedule="0 3 * * *")})
    ada.docket("install", "--now")
    assert ada.shown(timer, "ActiveState") == "active"
    ada.systemctl("start", service)
    assert ada.shown(service, "Result") == "success"
    ada.host.reboot()
    await_that("the timer", lambda: ada.shown(timer, "ActiveState") == "active")
    ada.docket("disable", "nightly")
    await_that("the timer's end", lambda: ada.shown(timer, "ActiveState") == "inactive")
    ada.docket("uninstall", "--all")
    assert ada.shown(timer, "LoadState") == "not-found"


def test_fires_that_a_condition_refused_are_skipped_and_say_so(ada: HostSeat) -> None:
    ada.configure(
        {
            "mirror": command(
                "/bin/true",
                schedule=EVERY_SECOND,
                unit={"Unit": {"ConditionPathIsMountPoint": "/mnt/nothing-here"}},
            ),
            "backup": command(
                "/bin/true", schedule=EVERY_SECOND, require={"mounted": "/mnt/nothing-here"}
            ),
        }
    )
    ada.docket("install", "--now")
    time.sleep(5)
    look_later(ada, 60)
    unmet = "a condition of its unit was not met (ConditionPathIsMountPoint=/mnt/nothing-here)"
    for task in ("mirror", "backup"):
        rows = [row for row in ada.runs(task) if row["error_code"] == "condition_failed"]
        assert len(rows) >= 2
        assert {row["status"] for row in rows} == {"skipped"}
        assert all(unmet in row["summary"] for row in rows)
        assert not [row for row in ada.runs(task) if row["error_code"] == "not_started"]
        assert ada.answer("why", task)["cause"] == "condition_failed"


def test_fires_whose_unit_could_not_start_say_systemds_reason(ada: HostSeat) -> None:
    ada.configure({"job": command("/bin/true", schedule=EVERY_SECOND)})
    ada.docket("install")
    by_hand = "[Service]\nExecStart=\nExecStart=/no/such/docket\nExecStopPost=\n"
    ada.write(f"{ada.unit_dir}/{ada.unit('job.service')}.d/by-hand.conf", by_hand, 0o644)
    ada.systemctl("daemon-reload")
    ada.docket("enable", "job")
    time.sleep(5)
    look_later(ada, 60)
    rows = [row for row in ada.runs("job") if row["error_code"] == "unit_exec"]
    assert rows
    assert {row["status"] for row in rows} == {"missed"}
    assert "203/EXEC" in rows[0]["summary"]


def test_a_start_by_hand_that_systemd_could_not_do_is_seen_until_a_run_follows(
    ada: HostSeat,
) -> None:
    ada.configure({"job": command("/bin/true", schedule="@yearly")})
    ada.docket("install", "--now")
    ada.docket("run", "job")
    unit = ada.unit("job.service")
    drop_in = f"{ada.unit_dir}/{unit}.d/by-hand.conf"
    ada.write(drop_in, "[Service]\nExecStart=\nExecStart=/no/such/docket\nExecStopPost=\n", 0o644)
    ada.systemctl("daemon-reload")
    time.sleep(1.1)
    ada.systemctl("start", unit, check=False)
    found = ada.answer("status", "job")["failed_unit"]
    assert (found["unit"], found["command"]) == (unit, "docket install")
    assert "203/EXEC" in found["sentence"]
    health = ada.answer("health", "--check", check=False)
    assert health["details"]["job"]["failed_unit"] == found
    assert health["failed"] == ["job"]
    checks = {check["check"]: check for check in ada.answer("doctor", check=False)["checks"]}
    assert checks["failed_units"]["failed_units"] == [unit]
    ada.write(drop_in, "", 0o644)
    ada.systemctl("daemon-reload")
    ada.systemctl("start", unit)
    assert ada.answer("status", "job")["failed_unit"] is None
    assert ada.answer("health", "--check")["details"]["job"]["failed_unit"] is None

"""Timers that really fire, and those that must not."""

from __future__ import annotations

import os
import time

import pytest

from docket.systemd.journal import RUN_ENDED
from tests.system.host import PrivateHost
from tests.system.jobs import command, daily_at, instant_of, seconds_from_now
from tests.system.seat import DOCKET, HostSeat, Seat, await_that


def _succeeded(run: dict[str, object]) -> bool:
    return run["status"] == "succeeded"


def test_a_timer_fires_and_the_run_names_its_trigger_and_the_instant_it_was_due(
    seat: Seat,
) -> None:
    due = seconds_from_now(8)
    seat.configure({"tick": command("/bin/echo", "the clock struck", schedule=daily_at(due))})
    seat.docket("install", "--now")
    run = seat.await_run("tick", _succeeded)
    assert run["trigger"] == "timer"
    assert instant_of(run["scheduled_for"]) == due
    assert instant_of(run["started_at"]) >= due
    assert (instant_of(run["started_at"]) - due).total_seconds() < 15
    assert run["unit"].endswith("tick.service")
    assert seat.docket("logs", run["run_id"]).stdout == "the clock struck\n"
    latest = seat.answer("status", "tick")
    assert latest["run_id"] == run["run_id"]
    assert latest["exit_code"] == 0


def test_a_cron_expression_fires_at_its_minute(seat: Seat) -> None:
    # A minute is too long to wait for: the timer is asked, and then made to elapse.
    seat.configure({"minutely": command("/bin/true", schedule="* * * * *")})
    seat.docket("install", "--now")
    elapse = seat.shown(seat.unit("minutely.timer"), "NextElapseUSecRealtime")
    assert elapse.split()[2].endswith(":00")
    assert seat.shown(seat.unit("minutely.timer"), "AccuracyUSec") == "1s"


def test_the_runs_of_a_timer_are_in_the_journal_with_their_output(seat: Seat) -> None:
    seat.configure({"speak": command("/bin/echo", "heard", schedule={"every": "2s"})})
    seat.docket("install", "--now")
    run = seat.await_run("speak", _succeeded)
    match = f"_SYSTEMD_INVOCATION_ID={run['invocation_id']}"

    def entries() -> list[dict[str, object]]:
        return [e for e in seat.journal(match) if e.get("MESSAGE") == "heard"]

    assert await_that("the line in the journal", entries)
    structured = [e for e in seat.journal(match) if e.get("DOCKET_RUN_ID") == run["run_id"]]
    assert structured
    assert {e.get("DOCKET_TASK") or e.get("DOCKET_TASK_NAME") for e in structured} == {"speak"}


def test_the_end_of_a_failed_run_is_an_error_in_the_journal(seat: Seat) -> None:
    seat.configure({"fails": command("false"), "fine": command("true")})
    for task, priority in (("fails", "3"), ("fine", "6")):
        run_id = seat.answer("run", task, check=False)["run_id"]

        def ends(run_id: str = run_id) -> list[object]:
            found = seat.journal(f"DOCKET_RUN_ID={run_id}")
            return [e.get("PRIORITY") for e in found if e.get("MESSAGE_ID") == RUN_ENDED]

        assert await_that("the entry of its end", ends) == [priority]


def test_a_job_finds_its_own_environment_and_nothing_of_the_runners(ada: HostSeat) -> None:
    ada.configure({"env": command("/usr/bin/env", env={"COLOUR": "red"}, schedule={"every": "2s"})})
    ada.docket("install", "--now")
    run = ada.await_run("env", _succeeded)
    lines = ada.docket("logs", run["run_id"]).stdout.splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    assert found["COLOUR"] == "red"
    assert found["HOME"] == "/home/ada"
    assert found["DOCKET_RUN_ID"] == run["run_id"]
    assert found["DOCKET_TASK_NAME"] == "env"
    assert found["DOCKET_TRIGGER"] == "timer"
    assert instant_of(found["DOCKET_SCHEDULED_FOR"]) == instant_of(run["scheduled_for"])
    assert "NOTIFY_SOCKET" not in found
    assert "/usr/bin" in found["PATH"].split(":")


def test_two_tasks_due_at_the_same_second_both_run(seat: Seat) -> None:
    due = daily_at(seconds_from_now(8))
    seat.configure({name: command("/bin/true", schedule=due) for name in ("left", "right")})
    seat.docket("install", "--now")
    left, right = (seat.await_run(name, _succeeded) for name in ("left", "right"))
    assert left["scheduled_for"] == right["scheduled_for"]


def test_a_one_shot_runs_once_and_never_again(ada: HostSeat) -> None:
    due = seconds_from_now(8)
    ada.configure({"once": command("/bin/true", schedule={"at": due.isoformat()})})
    ada.docket("install", "--now")
    ada.await_run("once", _succeeded)
    ada.host.reboot()
    ada.docket("install", "--now", check=False)
    ada.systemctl("restart", ada.unit("once.timer"), check=False)
    time.sleep(1.5)
    ran = [run for run in ada.runs("once") if run["status"] not in {"skipped", "missed"}]
    assert len(ran) == 1


def test_systemctl_enable_now_works_on_what_install_wrote(ada: HostSeat) -> None:
    ada.configure({"x": command("/bin/true", schedule={"every": "2s"})})
    said = ada.docket("install").stdout
    assert "systemctl --user enable --now docket-x.timer" in said
    assert ada.shown(ada.unit("x.timer"), "ActiveState") == "inactive"
    ada.systemctl("enable", "--now", ada.unit("x.timer"))
    assert ada.await_run("x", _succeeded)["trigger"] == "timer"
    ada.host.reboot()
    assert ada.shown(ada.unit("x.timer"), "ActiveState") == "active"


@pytest.mark.parametrize("how", ["docket", "systemctl"])
def test_a_disabled_timer_does_not_fire_and_enabling_it_catches_nothing_up(
    seat: Seat, how: str
) -> None:
    due = seconds_from_now(8)
    seat.configure({"quiet": command("/bin/true", schedule=daily_at(due))})
    seat.docket("install", "--now")
    if how == "docket":
        seat.docket("disable", "quiet")
    else:
        seat.systemctl("disable", "--now", seat.unit("quiet.timer"))
    time.sleep(max(0.0, due.timestamp() - time.time()) + 1.5)
    assert seat.runs("quiet") == []
    seat.docket("enable", "quiet")
    assert seat.shown(seat.unit("quiet.timer"), "ActiveState") == "active"
    time.sleep(1)
    assert seat.runs("quiet") == []


def test_a_task_that_is_not_enabled_gets_no_timer(ada: HostSeat) -> None:
    ada.configure({"off": command("/bin/true", schedule={"every": "1s"}, enabled=False)})
    ada.docket("install", "--now")
    assert not os.path.exists(ada.path(f"{ada.unit_dir}/docket-off.timer"))


def test_next_is_what_systemd_says(seat: Seat) -> None:
    schedules = {
        "cron": "23 4 * * *",
        "union": "0 0 13 * 5",
        "zone": {"cron": "30 9 * * 1-5"},
        "calendar": {"calendar": "Mon..Fri *-*~02 12:00:00"},
        "every": {"every": "4h"},
        "at": {"at": "2031-05-17T08:00:00+02:00"},
    }
    tasks = {name: command("/bin/true", schedule=s) for name, s in schedules.items()}
    tasks["zone"]["timezone"] = "America/New_York"
    seat.configure(tasks)
    seat.docket("install", "--now")
    for name in schedules:
        told = seat.answer("next", name, "-n", "1")
        unit = seat.unit(f"{name}.timer")
        ask = ["busctl", "--user", "get-property", "org.freedesktop.systemd1", _path(unit)]
        property_of_it = ["org.freedesktop.systemd1.Timer", "NextElapseUSecRealtime"]
        theirs = seat.run([*ask, *property_of_it]).stdout.split()[1]
        assert _first_instant_us(told) == int(theirs), name


def test_the_system_scope_runs_its_own_timers_as_root(root: HostSeat, ada: HostSeat) -> None:
    root.configure({"who": command("/usr/bin/id", "-un", schedule={"every": "2s"})})
    root.docket("install", "--now")
    run = root.await_run("who", _succeeded)
    assert run["trigger"] == "timer"
    assert root.docket("logs", run["run_id"]).stdout == "root\n"
    assert os.path.exists(root.path("/etc/systemd/system/docket-who.timer"))
    assert os.path.exists(root.path("/var/lib/docket/state.db"))
    refused = ada.run([DOCKET, "--system", "install"], check=False)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_a_missed_fire_is_caught_up_after_a_power_cut(ada: HostSeat) -> None:
    due = seconds_from_now(-600)
    ada.configure(
        {
            "nightly": command("/bin/true", schedule=daily_at(due)),
            "careless": command("/bin/true", schedule=daily_at(due), catch_up=False),
            "fresh": command("/bin/true", schedule=daily_at(due), catch_up="5min"),
            "patient": command("/bin/true", schedule=daily_at(due), catch_up="1h"),
        }
    )
    ada.docket("install", "--now")
    assert not any(ada.runs(name) for name in ("nightly", "careless", "fresh", "patient"))
    for name in ("nightly", "fresh", "patient"):
        ada.age_stamp(name)
    assert not os.path.exists(ada.path(ada.stamp("careless")))
    ada.host.reboot()
    for name in ("nightly", "patient"):
        run = ada.await_run(name, _succeeded)
        assert run["trigger"] == "catch-up"
        assert instant_of(run["scheduled_for"]) == due
    too_old = ada.await_run("fresh", lambda run: run["status"] != "running")
    assert too_old["status"] == "skipped"
    assert instant_of(too_old["scheduled_for"]) == due
    assert [run for run in ada.runs("careless") if run["status"] == "succeeded"] == []
    time.sleep(1)
    assert len(ada.runs("nightly")) == 1


def test_a_fire_that_falls_into_a_short_power_cut_is_run_once_after_it(ada: HostSeat) -> None:
    due = seconds_from_now(8)
    ada.configure({"nightly": command("/bin/true", schedule=daily_at(due))})
    ada.docket("install", "--now")
    _off_over(ada.host, due.timestamp())
    run = ada.await_run("nightly", _succeeded)
    assert instant_of(run["scheduled_for"]) == due
    time.sleep(1)
    assert len(ada.runs("nightly")) == 1


def test_a_boot_schedule_fires_after_each_start(ada: HostSeat) -> None:
    ada.configure({"hello": command("/bin/true", schedule={"boot": "1s"})})
    ada.docket("install", "--now")
    ada.host.reboot()
    run = ada.await_run("hello", _succeeded)
    assert run["trigger"] == "timer"


def _off_over(host: PrivateHost, instant: float) -> None:
    host.cut_power()
    time.sleep(max(0.0, instant - time.time()) + 0.3)
    host.boot()


def _path(unit: str) -> str:
    escaped = "".join(c if c.isalnum() else f"_{ord(c):02x}" for c in unit)
    return f"/org/freedesktop/systemd1/unit/{escaped}"


def _first_instant_us(told: object) -> int:
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str) and value[:2] == "20" and "T" in value:
            found.append(value)

    walk(told)
    return round(instant_of(found[0]).timestamp() * 1_000_000)

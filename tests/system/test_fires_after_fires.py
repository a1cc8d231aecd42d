"""What follows from which fire a run is for: messages, `once_per`, alarms, and a timer stopped."""

from __future__ import annotations

import time
from typing import Any

from tests.system.jobs import command, instant_of
from tests.system.seat import HostSeat, await_that
from tests.system.test_fires import await_runs
from tests.system.test_missed import look_later
from tests.unit.notify.loopback import Loopback

_OFTEN = {"calendar": "*-*-* *:*:0/3 UTC"}
_AN_HOUR_EARLIER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
for (name,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    c.execute(f"DROP TRIGGER {name}")
for column in ("started_at", "finished_at", "scheduled_for"):
    c.execute(f"UPDATE runs SET {column} = {column} - 3600000000")
c.commit()
"""


def _told(server: Loopback) -> list[dict[str, Any]]:
    return [asked.json for asked in server.asked]


def test_each_fire_is_shown_once_and_runs_by_hand_and_held_fires_are_not(
    ada: HostSeat, server: Loopback
) -> None:
    notify = {
        "webhook": {"url_env": "OPS"},
        "on": ["success", "failure"],
        "triggers": ["timer"],
    }
    ada.write(f"{ada.home}/alarms.env", f"OPS={server.url}/told\n")
    ada.configure(
        {"tick": command("/bin/true", schedule=_OFTEN, notify=notify, env_file="alarms.env")}
    )
    ada.docket("install", "--now")
    await_runs(ada, "tick", 3)
    ada.docket("skip-next", "tick")
    held = ada.await_run("tick", lambda run: run["error_code"] == "skip_next")
    ada.docket("disable", "tick")
    await_that(
        "the end of the unit",
        lambda: ada.shown(ada.unit("tick.service"), "ActiveState") == "inactive",
    )
    ada.systemctl("start", ada.unit("tick.service"))
    look_later(ada)
    ada.docket("maintain")
    runs = [run for run in ada.runs("tick") if run["error_code"] != "timer_disabled"]
    assert runs[0]["trigger"] == "manual"
    assert len([run for run in runs if run["scheduled_for"] == held["scheduled_for"]]) == 1
    by_timer = {run["run_id"] for run in runs if run["status"] == "succeeded"} - {runs[0]["run_id"]}
    await_that("the messages", lambda: len(server.asked) >= len(by_timer))
    told = _told(server)
    assert sorted(message["run_id"] for message in told) == sorted(by_timer)
    assert {message["event"] for message in told} == {"success"}


def test_once_per_looks_at_the_instant_of_each_fire(ada: HostSeat) -> None:
    ada.configure({"once": command("/bin/true", schedule=_OFTEN, once_per="hour")})
    ada.docket("install", "--now")
    first = await_runs(ada, "once", 3)
    ada.docket("pause", "once")
    await_that("a fire that is held", lambda: ada.runs("once")[0]["error_code"] == "paused")
    assert "succeeded" in {run["status"] for run in first}
    # At the turn of an hour a second one succeeds, as it should.
    hours = {instant_of(run["scheduled_for"]).hour for run in first}
    done = [run for run in first if run["status"] == "succeeded"]
    assert len(done) == len(hours)
    assert {run["error_code"] for run in first} <= {None, "once_per"}
    assert len({run["scheduled_for"] for run in first}) == 3

    ada.run(["python3", "-c", _AN_HOUR_EARLIER, f"{ada.home}/state.db"])
    before = len(ada.runs("once"))
    ada.docket("resume", "once")
    await_that("two more fires", lambda: len(ada.runs("once")) >= before + 2)
    ada.docket("disable", "once")
    later = [r for r in reversed(ada.runs("once")) if r["error_code"] != "paused"][len(first) :]
    assert later[0]["status"] == "succeeded"


def test_an_interval_goes_on_after_its_timer_was_stopped_for_a_while(ada: HostSeat) -> None:
    """Of seven seconds systemd makes no calendar: nothing is due while the timer is stopped."""
    spans = {"three": "3s", "seven": "7s"}
    ada.configure(
        {name: command("/bin/true", schedule={"every": span}) for name, span in spans.items()}
    )
    ada.docket("install", "--now")
    timers = [ada.unit(f"{name}.timer") for name in spans]
    await_runs(ada, "seven", 1)
    ada.systemctl("stop", *timers)
    time.sleep(8)
    before = {name: len(ada.runs(name)) for name in spans}
    ada.systemctl("start", *timers)
    await_runs(ada, "seven", before["seven"] + 2, seconds=40)
    ada.systemctl("stop", *timers)
    look_later(ada)
    for name in spans:
        runs = ada.runs(name)
        assert {run["trigger"] for run in runs} == {"timer"}
        assert len({run["scheduled_for"] for run in runs if run["scheduled_for"]}) in (0, len(runs))
    assert {run["status"] for run in ada.runs("seven")} == {"succeeded"}
    missed = [run for run in ada.runs("three") if run["status"] == "missed"]
    assert {run["error_code"] for run in missed} == {"timer_stopped"}

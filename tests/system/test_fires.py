"""Which fire a run is for: the second and the third one, with no reload between.

systemd keeps the trigger variables of the first activation for as long as the service is loaded,
so a test that looks at one fire cannot see whether the others are right.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from tests.system.jobs import command, daily_at, instant_of, seconds_from_now, shell
from tests.system.seat import HostSeat, Seat, await_that
from tests.system.test_missed import look_later

EVERY_SECOND = {"calendar": "*-*-* *:*:* UTC"}


def await_runs(seat: Seat, task: str, count: int, seconds: float = 30) -> list[dict[str, Any]]:
    """Return the first `count` finished runs of a task, oldest first."""

    def seen() -> list[dict[str, Any]] | None:
        found = [run for run in reversed(seat.runs(task)) if run["finished_at"]]
        return found[:count] if len(found) >= count else None

    return await_that(f"{count} runs of {task}", seen, seconds)


def test_each_fire_of_an_interval_is_its_own(seat: Seat) -> None:
    script = 'echo "$DOCKET_SCHEDULED_FOR"'
    seat.configure({"tick": shell(script, schedule={"every": "2s"})})
    seat.docket("install", "--now")
    runs = await_runs(seat, "tick", 4)
    instants = [instant_of(run["scheduled_for"]) for run in runs]
    assert [b - a for a, b in pairwise(instants)] == [timedelta(seconds=2)] * 3
    assert {run["trigger"] for run in runs} == {"timer"}
    for run in runs:
        lateness = instant_of(run["started_at"]) - instant_of(run["scheduled_for"])
        assert timedelta(0) <= lateness < timedelta(seconds=2)
        told = seat.docket("logs", run["run_id"]).stdout.strip()
        assert instant_of(told) == instant_of(run["scheduled_for"])
    assert "always_late" not in seat.docket("--json", "health", "tick", check=False).stdout


def test_a_second_instant_of_a_list_is_not_done_already(seat: Seat) -> None:
    first, second, third = (seconds_from_now(8 + 2 * number) for number in range(3))
    schedules = [{"at": at.isoformat()} for at in (first, second, third)]
    seat.configure({"listed": command("/bin/true", schedule=schedules)})
    seat.docket("install", "--now")
    runs = await_runs(seat, "listed", 3)
    assert [instant_of(run["scheduled_for"]) for run in runs] == [first, second, third]
    assert [run["status"] for run in runs] == ["succeeded"] * 3


def test_after_one_late_fire_the_next_ones_run_and_none_is_missed_as_well(ada: HostSeat) -> None:
    ada.configure({"window": command("/bin/true", schedule={"calendar": "*:*:0/4"}, catch_up="1s")})
    ada.docket("install", "--now")
    await_runs(ada, "window", 1)
    timer = ada.unit("window.timer")
    ada.systemctl("stop", timer)
    time.sleep(5)  # at least one fire is due meanwhile
    # The timer comes up between two fires, at least 1.5 s after the last one.
    time.sleep((2.5 - time.time() % 4) % 4)
    ada.systemctl("start", timer)
    runs = await_runs(ada, "window", 4)
    late = [run for run in runs if run["status"] == "skipped"]
    assert [run["error_code"] for run in late] == ["too_late"]
    assert [run["status"] for run in runs].index("skipped") == 1
    assert [run["status"] for run in runs[2:4]] == ["succeeded", "succeeded"]
    ada.systemctl("stop", timer)
    look_later(ada)
    fires = Counter(run["scheduled_for"] for run in ada.runs("window"))
    assert set(fires.values()) == {1}, fires


def test_messages_by_trigger_follow_the_fire_and_not_the_environment(ada: HostSeat) -> None:
    ada.configure({"tick": shell('echo "$DOCKET_TRIGGER"', schedule={"every": "30s"})})
    ada.docket("install", "--now")
    timer, service = ada.unit("tick.timer"), ada.unit("tick.service")
    await_runs(ada, "tick", 1, seconds=45)
    ada.systemctl("start", service)
    ada.systemctl("start", service)
    runs = await_runs(ada, "tick", 3)
    assert [run["trigger"] for run in runs] == ["timer", "manual", "manual"]
    assert [run["scheduled_for"] for run in runs[1:]] == [None, None]
    assert ada.docket("logs", runs[1]["run_id"]).stdout == "manual\n"
    ada.systemctl("stop", timer)


def test_a_run_that_outlasts_its_fires_is_followed_at_once_by_the_newest(ada: HostSeat) -> None:
    ada.configure({"slow": shell("sleep 2.6", schedule=EVERY_SECOND)})
    ada.docket("install", "--now")
    runs = await_runs(ada, "slow", 3)
    ada.systemctl("stop", ada.unit("slow.timer"))
    for run in runs:
        lateness = instant_of(run["started_at"]) - instant_of(run["scheduled_for"])
        assert timedelta(0) <= lateness < timedelta(seconds=1.5)
    await_that("the end of the last run", lambda: all(r["finished_at"] for r in ada.runs("slow")))
    look_later(ada)
    fires = Counter(run["scheduled_for"] for run in ada.runs("slow"))
    assert set(fires.values()) == {1}, fires


def test_a_span_beside_a_calendar_serves_no_calendar_fire_again(ada: HostSeat) -> None:
    due = seconds_from_now(8)
    ada.configure({"mixed": command("/bin/true", schedule=[daily_at(due), {"every": "7s"}])})
    ada.docket("install", "--now")
    runs = await_runs(ada, "mixed", 3)
    ada.systemctl("stop", ada.unit("mixed.timer"))
    named = [run["scheduled_for"] for run in runs if run["scheduled_for"]]
    assert [instant_of(text) for text in named] == [due]
    assert {run["trigger"] for run in runs} == {"timer"}


def _named(seat: HostSeat, task: str) -> list[datetime]:
    """Return the instants of the calendar that runs of a task are for."""
    return [instant_of(run["scheduled_for"]) for run in seat.runs(task) if run["scheduled_for"]]


def test_a_reload_and_a_reexec_between_fires_change_no_fire(ada: HostSeat) -> None:
    due = seconds_from_now(20)
    tasks = {
        "tick": command("/bin/true", schedule={"every": "3s"}),
        "mixed": command("/bin/true", schedule=[daily_at(due), {"every": "7s"}]),
        # A strict sandbox closes the manager's socket to the runner.
        "shut": command("/bin/true", schedule=[daily_at(due), {"every": "7s"}], sandbox="strict"),
    }
    ada.configure(tasks)
    ada.docket("install", "--now")
    await_runs(ada, "tick", 2)
    ada.systemctl("daemon-reload")
    await_runs(ada, "tick", 4)
    ada.systemctl("daemon-reexec")
    runs = await_runs(ada, "tick", 6, seconds=40)
    for name in ("mixed", "shut"):
        await_that(f"the calendar's fire of {name}", partial(_named, ada, name))
        await_runs(ada, name, 4, seconds=40)
    ada.systemctl("stop", *(ada.unit(f"{name}.timer") for name in tasks))
    assert {run["trigger"] for run in runs} == {"timer"}
    instants = [instant_of(run["scheduled_for"]) for run in runs]
    assert len(set(instants)) == 6
    assert all(b - a >= timedelta(seconds=2) for a, b in pairwise(instants)), instants
    for name in ("mixed", "shut"):
        assert _named(ada, name) == [due], name
        assert {run["trigger"] for run in ada.runs(name)} == {"timer"}
    for run in runs[1:]:
        assert "succeeded" in ada.docket("why", "tick", run["run_id"]).stdout.splitlines()[0]


def test_a_unit_whose_task_is_gone_from_a_lost_config_leaves_rows_with_their_trigger(
    ada: HostSeat,
) -> None:
    ada.configure({"lost": command("/bin/true", schedule={"every": "2s"})})
    ada.docket("install", "--now")
    await_runs(ada, "lost", 1)
    os.unlink(ada.path(ada.config))
    os.unlink(ada.path(os.path.join(os.path.dirname(ada.config), "plans", "lost.json")))

    def failed(trigger: str) -> list[dict[str, Any]]:
        rows = ada.runs("lost")
        return [r for r in rows if r["error_code"] == "config.missing" and r["trigger"] == trigger]

    assert await_that("a failed row of the timer", lambda: failed("timer"))
    ada.systemctl("stop", ada.unit("lost.timer"))
    service = ada.unit("lost.service")
    # A start while the timer's own run is under way would be one and the same start.
    resting = ("inactive", "failed")
    await_that("the end of that run", lambda: ada.shown(service, "ActiveState") in resting)
    ada.systemctl("start", service, check=False)
    assert await_that("a failed row of the start by hand", lambda: failed("manual"))


def start_by_hand(seat: HostSeat, task: str) -> None:
    """Start the service of a task; during a run of its timer that is not a start of its own."""

    def started() -> bool:
        seat.systemctl("start", seat.unit(f"{task}.service"))
        return any(run["trigger"] == "manual" for run in seat.runs(task))

    await_that(f"a start of {task} by hand", started)


TEN = {
    "cal": command("/bin/true", schedule={"calendar": "*:*:0/3"}),
    "every": command("/bin/true", schedule={"every": "2s"}),
    "span": command("/bin/true", schedule={"every": "7s"}),
    "zone": command("/bin/true", schedule={"calendar": "*:*:0/5"}, timezone="Asia/Kolkata"),
    "jitter": command("/bin/true", schedule={"calendar": "*:*:0/4"}, jitter="2s"),
    "strict": command("/bin/true", schedule={"calendar": "*:*:0/3"}, catch_up=False),
    "window": command("/bin/true", schedule={"calendar": "*:*:0/3"}, catch_up="1h"),
    "slow": shell("sleep 1.5", schedule={"calendar": "*:*:0/2"}),
    "boot": command("/bin/true", schedule=[{"boot": "2s"}, {"calendar": "*:*:0/6"}]),
}


def test_every_fire_of_ten_tasks_has_one_row_over_two_reloads_and_a_power_cut(
    ada: HostSeat,
) -> None:
    instants = [seconds_from_now(6 + 4 * number) for number in range(10)]
    tasks = dict(TEN)
    tasks["at"] = command("/bin/true", schedule=[{"at": at.isoformat()} for at in instants])
    ada.configure(tasks)
    ada.docket("install", "--now")
    await_runs(ada, "cal", 3)
    ada.systemctl("daemon-reload")
    start_by_hand(ada, "cal")
    await_runs(ada, "cal", 6)
    ada.systemctl("daemon-reload")
    await_runs(ada, "at", 4, seconds=40)
    ada.host.cut_power()
    time.sleep(4)
    ada.host.boot()
    for name in tasks:
        await_runs(ada, name, 10, seconds=150)
    ada.systemctl("stop", *(ada.unit(f"{name}.timer") for name in tasks))
    time.sleep(3)
    look_later(ada)
    for name in tasks:
        rows = ada.runs(name)
        by_timer = [row for row in rows if row["trigger"] in ("timer", "catch-up")]
        fires = Counter(row["scheduled_for"] for row in by_timer if row["scheduled_for"])
        assert set(fires.values()) <= {1}, (name, fires)
        for row in by_timer:
            if row["status"] in ("skipped", "missed") or not row["scheduled_for"]:
                continue
            lateness = instant_of(row["started_at"]) - instant_of(row["scheduled_for"])
            assert timedelta(0) <= lateness < timedelta(seconds=12), (name, row)
        manual = [row for row in rows if row["trigger"] == "manual"]
        assert len(manual) == (1 if name == "cal" else 0), (name, manual)
        unnamed = [row for row in by_timer if not row["scheduled_for"]]
        # The boot's start may find the run that was caught up still under way: it is dropped then.
        assert name == "boot" or bool(unnamed) == (name == "span"), (name, unnamed)
    assert [instant_of(row["scheduled_for"]) for row in reversed(ada.runs("at"))] == instants

"""Path triggers: which start a run is for, what is watched, and paths that stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.jobs import command, daily_at, seconds_from_now, shell
from tests.system.seat import HostSeat, await_that, fire

TELL = 'echo "$DOCKET_TRIGGER ${DOCKET_TRIGGER_PATH-none}"'
FINISHED = "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf"  # of a start of a service


@pytest.fixture(params=["ada", "root"])
def anybody(request: pytest.FixtureRequest) -> HostSeat:
    """A user, then root in the system scope."""
    found: HostSeat = request.getfixturevalue(request.param)
    return found


def _ended(seat: HostSeat, task: str, count: int) -> list[dict[str, Any]]:
    """Wait until the task has `count` runs that are over, oldest first, and its unit rests."""

    def seen() -> list[dict[str, Any]]:
        runs = seat.runs(task)[::-1]
        over = len(runs) >= count and all(run["finished_at"] for run in runs)
        return runs if over and _rests(seat, task) else []

    return await_that(f"{count} runs of {task}", seen)


def _rests(seat: HostSeat, task: str) -> bool:
    state = seat.shown(seat.unit(f"{task}.service"), "ActiveState")
    return state in ("inactive", "failed")


def _triggers(seat: HostSeat, task: str, count: int) -> list[str]:
    return [str(run["trigger"]) for run in _ended(seat, task, count)]


def _touch(seat: HostSeat, path: str) -> None:
    seat.run(["touch", path])


def _folder(seat: HostSeat, name: str = "inbox") -> str:
    """Return an empty folder with a blank and a percent sign in its name."""
    path = f"{seat.folder}/{name} 100%"
    seat.run(["rm", "-rf", path])
    seat.run(["mkdir", "-p", path])
    return path


def _watches(seat: HostSeat, task: str) -> bool:
    return seat.shown(seat.unit(f"{task}.path"), "SubState") == "waiting"


def _await_watching(seat: HostSeat, task: str) -> None:
    await_that("the path to be watched", lambda: _watches(seat, task))


def test_each_start_has_its_own_cause_without_a_reload_between(anybody: HostSeat) -> None:
    """The system's task is in a sandbox that closes the manager's socket."""
    seat = anybody
    inbox = _folder(seat)
    schedule = [{"path": {"changed": inbox}}, daily_at(seconds_from_now(-60))]
    sandbox = "strict" if seat.system else "none"
    seat.configure({"take": shell(TELL, schedule=schedule, sandbox=sandbox)})
    seat.docket("install", "--now")
    unit = seat.unit("take.service")
    wanted = []
    for number, way in enumerate(
        ["path", "path", "manual", "path", "catch-up", "path", "reload", "manual", "path"]
    ):
        match way:
            case "path":
                _await_watching(seat, "take")
                _touch(seat, f"{inbox}/{number}")
            case "manual":
                seat.systemctl("start", unit)
            case "catch-up":
                fire(seat, "take")
            case _:
                seat.systemctl("daemon-reload")
                continue
        wanted.append(way)
        assert _triggers(seat, "take", len(wanted)) == wanted
    runs = _ended(seat, "take", len(wanted))
    assert seat.docket("logs", runs[-1]["run_id"]).stdout == f"path {inbox}\n"
    assert seat.docket("logs", runs[-2]["run_id"]).stdout == "manual none\n"


def test_what_arrives_during_a_run_starts_the_next_and_each_start_is_one_row(
    anybody: HostSeat,
) -> None:
    seat = anybody
    inbox, done = _folder(seat), _folder(seat, "done")
    take = f"mv '{inbox}'/* '{done}'/; sleep 1.5"
    seat.configure(
        {
            "taken": shell(take, schedule={"path": {"not_empty": inbox}}),
            "seen": shell("sleep 1", schedule={"path": {"changed": inbox}}),
        }
    )
    seat.docket("install", "--now")
    _touch(seat, f"{inbox}/first")
    await_that("the first to be taken", lambda: "first" in seat.run(["ls", done]).stdout)
    seat.run(["sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9; do : > '{inbox}'/$i; done"])
    assert _triggers(seat, "taken", 2) == ["path", "path"]
    assert seat.run(["ls", inbox]).stdout == ""
    for task in ("taken", "seen"):  # names that no other test has: the journal keeps those too
        runs = _ended(seat, task, 1)
        unit, field = seat.unit(f"{task}.service"), "UNIT" if seat.system else "USER_UNIT"
        started = [one for one in seat.journal("-b", FINISHED) if one.get(field) == unit]
        assert len(started) == len({run["invocation_id"] for run in runs}) == len(runs)


def test_a_path_is_held_back_and_switched_as_a_timer_is(anybody: HostSeat) -> None:
    seat = anybody
    inbox = _folder(seat)
    seat.configure({"take": command("/bin/true", schedule={"path": {"changed": inbox}})})
    seat.docket("install", "--now")
    seat.docket("pause", "take", "--reason", "the disk is away")
    _touch(seat, f"{inbox}/paused")
    (run,) = _ended(seat, "take", 1)
    assert (run["trigger"], run["status"], run["error_code"]) == ("path", "skipped", "paused")
    seat.docket("resume", "take")
    _await_watching(seat, "take")
    _touch(seat, f"{inbox}/resumed")
    assert _ended(seat, "take", 2)[1]["status"] == "succeeded"
    seat.docket("disable", "take")
    assert seat.answer("status", "take")["path"]["state"] == "inactive"
    _touch(seat, f"{inbox}/disabled")
    seat.docket("enable", "take")
    assert seat.answer("status", "take")["path"]["enabled"] is True
    _await_watching(seat, "take")
    _touch(seat, f"{inbox}/enabled")
    assert len(_ended(seat, "take", 3)) == 3
    seat.docket("uninstall", "take")
    assert seat.shown(seat.unit("take.path"), "LoadState") == "not-found"


def test_a_flag_that_stays_stops_the_watch_and_every_command_says_so(anybody: HostSeat) -> None:
    seat = anybody
    flag = f"{_folder(seat)}/flag"
    limit = {"Path": {"TriggerLimitBurst": 3}}
    seat.configure({"take": command("/bin/true", schedule={"path": {"exists": flag}}, unit=limit)})
    seat.docket("install", "--now")
    _touch(seat, flag)
    unit = seat.unit("take.path")
    await_that("the limit", lambda: seat.shown(unit, "ActiveState") == "failed")
    runs = _ended(seat, "take", 3)
    assert [run["trigger"] for run in runs] == ["path"] * 3
    assert seat.answer("status", "take")["path"]["result"] == "trigger-limit-hit"
    assert seat.answer("why", "take")["cause"] == "path_limit_hit"
    checks = {one["check"]: one for one in seat.answer("doctor", check=False)["checks"]}
    assert "started the task too often" in checks["watched_paths"]["detail"]
    seat.run(["rm", flag])
    seat.docket("enable", "take")
    assert seat.answer("status", "take")["path"]["state"] == "active"


def test_a_paused_task_whose_flag_stays_leaves_one_row_for_a_start(ada: HostSeat) -> None:
    flag = f"{_folder(ada)}/flag"
    task = command("/bin/true", schedule={"path": {"exists": flag}})
    ada.configure({"take": task})
    ada.docket("install", "--now")
    ada.docket("pause", "take")
    _touch(ada, flag)
    run = ada.await_run("take", lambda run: run["status"] == "skipped")
    assert (run["trigger"], run["error_code"]) == ("path", "paused")
    unit = ada.unit("take.service")
    assert ada.shown(unit, "ActiveState") == "activating"
    assert len(ada.runs("take")) == 1
    ada.systemctl("stop", ada.unit("take.path"), unit)
    assert [one["status"] for one in ada.runs("take")] == ["skipped"]


def test_a_path_is_watched_again_after_a_boot_and_seen_though_it_came_before(
    ada: HostSeat,
) -> None:
    inbox = _folder(ada)
    script = f"rm -f '{inbox}'/*"
    ada.configure({"take": shell(script, schedule={"path": {"not_empty": inbox}})})
    ada.docket("install", "--now")
    ada.systemctl("stop", ada.unit("take.path"))
    _touch(ada, f"{inbox}/before")
    ada.host.reboot(in_order=True)
    (run,) = _ended(ada, "take", 1)
    assert run["trigger"] == "path"
    _await_watching(ada, "take")
    _touch(ada, f"{inbox}/after")
    assert _triggers(ada, "take", 2) == ["path", "path"]

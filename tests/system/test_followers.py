"""Tasks that start when another has ended, however that one was started and however it ended."""

from __future__ import annotations

from typing import Any

from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, await_that

_AFTER = {"after": "build"}


def followed(seat: HostSeat, run_id: str, *tasks: str) -> list[dict[str, Any]]:
    """Wait until each of `tasks` has run once because of the run, and return those runs."""

    def ended() -> list[dict[str, Any]]:
        every = [[r for r in seat.runs(t) if r["triggered_by"] == run_id] for t in tasks]
        assert all(len(found) <= 1 for found in every), every
        done = [run for found in every for run in found if run["finished_at"]]
        return done if len(done) == len(tasks) else []

    found = await_that(f"what follows {run_id}", ended)
    assert {run["trigger"] for run in found} == {"after"}
    return found


def newest(seat: HostSeat, task: str) -> str:
    run = seat.await_run(task, lambda run: run["finished_at"] is not None)
    return str(run["run_id"])


def _each_way(seat: HostSeat) -> None:
    tell = shell('echo "$DOCKET_TRIGGERED_BY"', schedule=_AFTER)
    seat.configure(
        {
            "build": shell("test ! -e /run/broken"),
            "sealed": command("true", sandbox="strict"),
            "whole": command("true", depends_on=["build"]),
            "deploy": tell,
            "alarm": shell("true", schedule={"after": {"task": "build", "on": "failure"}}),
            "count": shell(
                "true",
                overlap="queue",
                schedule={"after": [{"task": "build", "on": "end"}, "sealed"]},
            ),
        }
    )
    seat.docket("install")
    seat.systemctl("start", seat.unit("build.service"))
    runs = [newest(seat, "build")]
    seat.docket("run", "build")
    runs.append(newest(seat, "build"))
    runs.append(seat.answer("run", "build", "--async")["run_id"])
    for run_id in runs:
        told, _ = followed(seat, run_id, "deploy", "count")
        assert told["details"]["stdout"] == f"{run_id}\n"
    seat.docket("run", "whole")
    followed(seat, newest(seat, "build"), "deploy", "count")
    assert seat.runs("alarm") == []
    seat.systemctl("start", seat.unit("sealed.service"))
    followed(seat, newest(seat, "sealed"), "count")
    followed(seat, seat.answer("run", "sealed", "--async")["run_id"], "count")


def test_a_task_of_the_system_starts_after_another_however_that_was_started(
    root: HostSeat,
) -> None:
    _each_way(root)


def test_a_task_of_a_user_starts_after_another_however_that_was_started(ada: HostSeat) -> None:
    _each_way(ada)


def test_a_run_that_was_killed_starts_its_followers_once(ada: HostSeat) -> None:
    failed = {"task": "build", "on": "failure"}
    ada.configure(
        {
            "build": shell("exec sleep 600"),
            "deploy": command("true", schedule=_AFTER),
            "alarm": command("true", schedule={"after": failed}),
        }
    )
    ada.docket("install")
    for _try in range(3):  # the first moments of a runner, before it has begun the run
        receipt = ada.answer("run", "build", "--async")
        ada.run(["kill", "-KILL", str(receipt["pid"])])
        followed(ada, receipt["run_id"], "alarm")
    receipt = ada.answer("run", "build", "--async")
    ada.await_run("build", lambda run: run["status"] == "running")
    ada.run(["kill", "-KILL", str(receipt["pid"])])
    followed(ada, receipt["run_id"], "alarm")

    by_hand = ada.popen([DOCKET, "run", "build", "--launcher", "direct"])
    run = ada.await_run("build", lambda run: run["status"] == "running")
    ada.run(["kill", "-KILL", str(run["pid"])])
    by_hand.communicate(timeout=30)
    ada.docket("status")
    followed(ada, run["run_id"], "alarm")
    assert ada.runs("deploy") == []


def test_what_is_paused_off_or_did_not_run_starts_nothing(ada: HostSeat) -> None:
    ada.configure(
        {
            "build": command("true", require={"exists": f"{ada.folder}/ready"}),
            "deploy": command("true", schedule=_AFTER),
        }
    )
    ada.docket("install")
    ada.docket("run", "build", "--dry-run", check=False)
    ada.docket("run", "build", check=False)
    assert [run["status"] for run in ada.runs("build")] == ["skipped"]
    assert ada.runs("deploy") == []
    ada.write(f"{ada.folder}/ready", "")
    ada.docket("pause", "deploy")
    ada.docket("run", "build")
    (run,) = followed(ada, newest(ada, "build"), "deploy")
    assert (run["status"], run["error_code"]) == ("skipped", "paused")
    ada.docket("resume", "deploy")
    ada.docket("disable", "deploy")
    ada.docket("run", "build")
    assert len(ada.runs("deploy")) == 1
    ada.docket("enable", "deploy")
    ada.docket("run", "build")
    followed(ada, newest(ada, "build"), "deploy")
    assert len(ada.runs("deploy")) == 2


def test_no_destructive_task_follows_what_an_agent_started(ada: HostSeat) -> None:
    destroys = {"destructive": True, "unattended": "allow"}
    ada.configure(
        {
            "build": command("true"),
            "whole": command("true", depends_on=["build"]),
            "check": command("true", schedule=_AFTER),
            "clean": command("true", **destroys, schedule=_AFTER),
            "purge": command("true", **destroys, schedule={"after": "check"}),
        }
    )
    ada.docket("install")
    for task in ("build", "whole"):
        ada.docket("exec", task, "--trigger", "agent")
        check, clean = followed(ada, newest(ada, "build"), "check", "clean")
        (purge,) = followed(ada, check["run_id"], "purge")
        for run in (clean, purge):
            assert (run["status"], run["error_code"]) == ("skipped", "destructive_refused")
    ada.docket("run", "build")
    check, clean = followed(ada, newest(ada, "build"), "check", "clean")
    (purge,) = followed(ada, check["run_id"], "purge")
    assert [run["status"] for run in (check, clean, purge)] == ["succeeded"] * 3

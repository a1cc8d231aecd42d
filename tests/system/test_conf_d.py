"""Tasks in files of conf.d on a real manager: a package's, a user's, and broken ones."""

from __future__ import annotations

from tests.system.jobs import command
from tests.system.seat import HostSeat

PACKAGED = "/usr/lib/docket/conf.d"
TASK = "tasks:\n  {}: {{type: command, command: [/bin/true], schedule: '@yearly'}}\n"


def test_an_added_task_fires_and_a_removed_one_has_no_timer(ada: HostSeat) -> None:
    ada.configure({"main": command("true")})
    words = ("--schedule", "* * * * * *", "--install", "--", "/bin/echo", "-n", "hello")
    refused = ada.docket("add", "often", *words, check=False)
    assert refused.returncode == 1  # cron has five fields
    done = ada.answer("add", "often", "--install", "--", "/bin/echo", "-n", "hello")
    assert done["installed"]
    ada.write(
        f"{ada.home}/conf.d/often.yaml",
        "tasks: {often: {type: command, command: [/bin/echo], schedule: {every: 2s}}}",
    )
    ada.docket("install", "often", "--now")
    first = ada.await_run("often", lambda run: run["finished_at"] is not None)
    assert (first["status"], first["trigger"]) == ("succeeded", "timer")
    ada.await_run("often", lambda run: run["run_id"] > first["run_id"])
    ada.docket("remove", "often", "--install")
    assert ada.shown(ada.unit("often.timer"), "LoadState") == "not-found"
    assert ada.runs("often")


def test_a_broken_file_stops_no_timer_of_its_tasks(ada: HostSeat) -> None:
    ada.configure({"main": command("true")})
    ada.write(
        f"{ada.home}/conf.d/often.yaml",
        "tasks: {often: {type: command, command: [/bin/echo, good], schedule: {every: 2s}}}",
    )
    ada.docket("install", "--now")
    ada.await_run("often", lambda run: run["status"] == "succeeded")
    ada.write(f"{ada.home}/conf.d/often.yaml", "tasks: [")
    assert ada.docket("install", check=False).returncode == 1
    newest = ada.runs("often")[0]["run_id"]
    run = ada.await_run("often", lambda one: one["run_id"] > newest and one["finished_at"])
    assert (run["status"], run["details"]["stdout"]) == ("succeeded", "good\n")
    assert "often.yaml" in ada.docket("check", check=False).stdout


def test_a_package_brings_tasks_that_the_machine_can_mask(root: HostSeat) -> None:
    root.configure({"main": command("true")})
    root.run(["rm", "-rf", PACKAGED])
    root.write(f"{PACKAGED}/vendor.yaml", TASK.format("vendor"), mode=0o644)
    try:
        root.docket("install", "--now")
        assert root.shown(root.unit("vendor.timer"), "ActiveState") == "active"
        refused = root.answer("remove", "vendor", check=False)
        assert refused["error_code"] == "config.part_refused"
        root.run(["mkdir", "-p", "/etc/docket/conf.d"])
        root.run(["ln", "-s", "/dev/null", "/etc/docket/conf.d/vendor.yaml"])
        root.docket("install")
        assert root.shown(root.unit("vendor.timer"), "LoadState") == "not-found"
        assert root.docket("check").returncode == 0
    finally:
        root.run(["rm", "-rf", PACKAGED])

"""The built-in tasks where a real systemd runs: units of both managers, and a backup in a unit."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.system.jobs import seconds_from_now
from tests.system.seat import HostSeat, await_that


def checked(seat: HostSeat, **config: Any) -> Any:
    seat.configure({"health-check": {"checks": ["systemd-units"], **config}})
    return seat.answer("run", "health-check", check=False)


def test_units_of_both_managers_are_asked_over_the_bus(ada: HostSeat) -> None:
    """The older program asked only the system's manager, through `systemctl`."""
    result = checked(
        ada,
        systemd_units=["dbus", "systemd-journald.service", "no-such-unit"],
        systemd_user_units=["default.target", "gone.timer"],
    )
    found = result["details"]["systemd-units"]
    assert found["unit_states"] == {
        "dbus.service": "active",
        "systemd-journald.service": "active",
        "no-such-unit.service": "not-found",
        "user:default.target": "active",
        "user:gone.timer": "not-found",
    }
    assert found["failed_units"] == ["no-such-unit.service", "user:gone.timer"]
    assert "error" not in found
    assert result["status"] == "failed"
    assert result["summary"] == "no-such-unit.service is not-found, user:gone.timer is not-found"


def test_units_that_are_active_are_a_success(ada: HostSeat) -> None:
    result = checked(ada, systemd_units=["dbus.service"], systemd_user_units=["default.target"])
    assert result["status"] == "succeeded"
    assert result["details"]["systemd-units"]["ok"] is True


def test_a_name_that_is_not_of_a_unit_breaks_no_other(ada: HostSeat) -> None:
    found = checked(ada, systemd_units=["a/b", "dbus"])["details"]["systemd-units"]
    assert found["unit_states"] == {"a/b.service": "not-found", "dbus.service": "active"}
    assert found["failed_units"] == ["a/b.service"]


def test_a_cancelled_backup_leaves_nothing_in_its_unit(ada: HostSeat) -> None:
    work = f"{ada.folder}/work"

    def sh(line: str) -> str:
        return ada.run(["/bin/sh", "-c", line]).stdout

    sh(f"mkdir -p {work}/from && head -c 50M /dev/urandom > {work}/from/large")
    ada.configure(
        {
            "copy": {
                "type": "backup",
                "tool": "rsync",
                "source": f"{work}/from",
                "remote": f"{work}/to",
                "extra_args": ["--bwlimit=1024"],
            }
        }
    )
    receipt = ada.answer("run", "copy", "--async")
    await_that("the copy", lambda: ".large" in sh(f"ls -A {work}/to 2>/dev/null || true") or None)
    ada.answer("cancel", receipt["run_id"])
    run = ada.answer("status", "--run-id", receipt["run_id"])
    assert (run["status"], run["details"]["partial"]) == ("cancelled", True)
    assert "rsync was stopped" in run["summary"]
    assert ada.count("--bwlimit=1024") == 0
    assert ".large" not in sh(f"ls -A {work}/to")


def backed_up(seat: HostSeat, tool: str, **keys: Any) -> dict[str, Any]:
    """Return a backup of `from` in the folder of `tool` to `to` beside it, due at once."""
    work = f"{seat.folder}/{tool}"
    task = {"type": "backup", "tool": tool, "source": f"{work}/from", "remote": f"{work}/to"}
    return {"schedule": {"at": seconds_from_now(4).isoformat()}, **task, **keys}


def ended(seat: HostSeat, task: str) -> dict[str, Any]:
    found = seat.await_run(task, lambda run: bool(run["finished_at"]))
    run: dict[str, Any] = seat.answer("status", "--run-id", found["run_id"])
    assert run["trigger"] == "timer"
    return run


def test_a_file_that_vanishes_under_rsync_is_a_warning_of_the_timers_run(ada: HostSeat) -> None:
    work = f"{ada.folder}/rsync"
    ada.run(["mkdir", "-p", f"{work}/from"])
    ada.run(["dd", "if=/dev/urandom", f"of={work}/from/a-large", "bs=1M", "count=4", "status=none"])
    ada.write(f"{work}/from/z-gone", "soon")
    ada.configure({"copy": backed_up(ada, "rsync", extra_args=["--bwlimit=1024"])})
    ada.docket("install", "--now")
    copies = ada.path(f"{work}/to")
    await_that("the first file", lambda: os.path.isdir(copies) and os.listdir(copies))
    os.unlink(ada.path(f"{work}/from/z-gone"))
    run = ended(ada, "copy")
    assert (run["status"], run["details"]["exit_code"]) == ("succeeded", 24)
    assert run["details"]["exit_meaning"] == "warn"
    assert run["summary"].endswith("some files vanished while it ran")
    assert ada.shown(ada.unit("copy.service"), "Result") == "success"


def test_what_rsync_may_not_read_is_a_failure_or_the_warning_that_the_task_calls_it(
    ada: HostSeat,
) -> None:
    closed = f"{ada.folder}/closed"
    ada.write(f"{closed}/file", "x", mode=0)
    plain = backed_up(ada, "rsync", source=closed, remote=f"{closed}-plain")
    warned = backed_up(
        ada, "rsync", source=closed, remote=f"{closed}-warned", exit_codes={"23": "warn"}
    )
    ada.configure({"plain": plain, "warned": warned})
    ada.docket("install", "--now")
    failure, warning = ended(ada, "plain"), ended(ada, "warned")
    assert (failure["status"], failure["details"]["exit_code"]) == ("failed", 23)
    assert "some files could not be copied" in failure["summary"]
    assert ada.shown(ada.unit("plain.service"), "Result") == "exit-code"
    assert (warning["status"], warning["details"]["exit_meaning"]) == ("succeeded", "warn")
    assert ada.shown(ada.unit("warned.service"), "Result") == "success"


def test_an_rclone_with_nothing_to_transfer_is_a_success_of_the_timers_run(ada: HostSeat) -> None:
    if not ada.run(["sh", "-c", "command -v rclone"], check=False).stdout:
        pytest.skip("NOT RUN: there is no rclone on this host")
    ada.write(f"{ada.folder}/rclone/from/file", "x")
    copy = backed_up(ada, "rclone", extra_args=["--error-on-no-transfer"])
    ada.configure({"copy": {**copy, "schedule": {"every": "2s"}}})
    ada.docket("install", "--now")
    run = ada.await_run("copy", lambda run: "nothing to transfer" in run["summary"])
    ada.docket("disable", "copy")
    run = ada.answer("status", "--run-id", run["run_id"])
    assert (run["status"], run["trigger"]) == ("succeeded", "timer")
    assert (run["details"]["exit_code"], run["details"]["exit_meaning"]) == (9, "noop")

"""The built-in tasks where a real systemd runs: units of both managers, and a backup in a unit."""

from __future__ import annotations

from typing import Any

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

"""Units of docket-cli 0.2 that are enabled and run, replaced on a running manager."""

from __future__ import annotations

import os
import time

from tests.system.jobs import command, daily_at, seconds_from_now
from tests.system.seat import HostSeat
from tests.unit.app.install.reference_files import service_text, timer_text


def _enable_as_docket_cli_did(seat: HostSeat, task: str, calendar: str) -> None:
    seat.write(f"{seat.folder}/bin/docket", "#!/bin/sh\necho $2 >> ~/old-runs\n", 0o755)
    service = service_text(task, binary=f"{seat.folder}/bin/docket")
    seat.write(f"{seat.unit_dir}/docket-{task}.service", service, 0o644)
    seat.write(f"{seat.unit_dir}/docket-{task}.timer", timer_text(task, calendar), 0o644)
    seat.systemctl("daemon-reload")
    seat.systemctl("enable", f"docket-{task}.service")
    seat.systemctl("enable", "--now", f"docket-{task}.timer")


def _started(seat: HostSeat, task: str) -> bool:
    return seat.shown(f"docket-{task}.service", "ExecMainStartTimestampMonotonic") != "0"


def test_an_enabled_timer_of_docket_cli_becomes_ours_and_no_run_fires_at_once(
    ada: HostSeat,
) -> None:
    ago = seconds_from_now(-3600)
    _enable_as_docket_cli_did(ada, "nightly", "*-*-* 04:00:00")
    link = ada.path(f"{ada.unit_dir}/multi-user.target.wants/docket-nightly.service")
    assert os.path.islink(link)
    ada.age_stamp("nightly")
    # With the old stamp, the fire of an hour ago would count as missed.
    ada.configure({"nightly": command("/bin/true", schedule=daily_at(ago))})
    report = ada.answer("install", "--now")
    assert len(report["replaced"]) == 2
    assert report["restarted"] == ["docket-nightly.timer"]
    time.sleep(1.5)
    assert not _started(ada, "nightly")
    assert ada.runs("nightly") == []
    assert ada.shown("docket-nightly.timer", "ActiveState") == "active"
    assert ada.shown("docket-nightly.timer", "UnitFileState") == "enabled"
    assert not os.path.lexists(link)
    start = ada.shown("docket-nightly.service", "ExecStart")
    assert "libexec/docket" in start
    assert ada.shown("docket-nightly.timer", "NeedDaemonReload") == "no"
    # Nor does the next start of the machine, which the old link would have made one.
    ada.host.reboot()
    time.sleep(1.5)
    assert ada.runs("nightly") == []
    assert ada.shown("docket-nightly.timer", "ActiveState") == "active"
    ada.systemctl("start", "docket-nightly.service")
    assert [run["status"] for run in ada.runs("nightly")] == ["succeeded"]


def test_a_timer_of_docket_cli_whose_task_is_gone_stops(ada: HostSeat) -> None:
    _enable_as_docket_cli_did(ada, "gone", "*-*-* *:*:00/2")
    ada.configure({"kept": command("/bin/true", schedule="@yearly")})
    report = ada.answer("install", "--now")
    assert len(report["removed"]) == 2
    assert ada.shown("docket-gone.timer", "LoadState") == "not-found"
    before = ada.read(f"{ada.folder}/old-runs") if _has_run(ada) else ""
    time.sleep(3)
    assert (ada.read(f"{ada.folder}/old-runs") if _has_run(ada) else "") == before
    assert not os.path.lexists(ada.path(f"{ada.unit_dir}/timers.target.wants/docket-gone.timer"))


def _has_run(seat: HostSeat) -> bool:
    return os.path.exists(seat.path(f"{seat.folder}/old-runs"))

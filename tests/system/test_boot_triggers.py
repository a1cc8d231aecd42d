"""Boot triggers: they come with the boot, every time, and never with an install."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.system.jobs import command
from tests.system.seat import HostSeat, await_that

SCHEDULES = ["@reboot", ["@reboot", "@yearly"], [{"boot": "1s"}, "@yearly"]]


def _has_runs(seat: HostSeat, count: int) -> bool:
    return len(seat.runs("greet")) >= count


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_boot_trigger_fires_at_boot_and_not_at_the_install(
    ada: HostSeat, schedule: object
) -> None:
    ada.configure({"greet": command("/bin/true", schedule=schedule)})
    ada.docket("install", "--now")
    time.sleep(1.5)
    assert ada.runs("greet") == []
    for boot in (1, 2):
        ada.host.reboot(in_order=True)
        await_that("the run of this boot", partial(_has_runs, ada, boot))
        time.sleep(1)
        assert [run["status"] for run in ada.runs("greet")] == ["succeeded"] * boot


def test_a_changed_boot_trigger_does_not_fire_at_the_install(ada: HostSeat) -> None:
    ada.configure({"greet": command("/bin/true", schedule=["@reboot", "@yearly"])})
    ada.docket("install", "--now")
    ada.configure({"greet": command("/bin/true", schedule=["@reboot", "@monthly"], timeout="1h")})
    ada.docket("install", "--now")
    ada.docket("enable", "greet")
    time.sleep(1.5)
    assert ada.runs("greet") == []

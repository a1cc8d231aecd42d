"""The demo, as each kind of caller finds it."""

from __future__ import annotations

import os
import sys

from tests.system.host import USERS
from tests.system.seat import REPOSITORY, HostSeat

_DEMO = [sys.executable, f"{REPOSITORY}/tools/demo.py"]


def test_the_demo_uses_the_callers_user_manager_and_leaves_nothing(ada: HostSeat) -> None:
    told = ada.run(_DEMO, timeout_seconds=90).stdout
    assert "your user manager runs" in told
    assert "yes: the run was started by the timer" in told
    assert "# NO" not in told
    assert "docket" not in ada.systemctl("list-units", "--all", "--plain", "*.timer").stdout
    left = os.listdir(ada.path(ada.unit_dir))
    assert [name for name in left if name.startswith("docket")] == []
    assert not os.path.exists(ada.path(ada.home))


def test_without_a_manager_and_root_the_demo_says_so_and_runs_the_task_by_hand(
    ada: HostSeat,
) -> None:
    bob = HostSeat(ada.host, "bob")
    unit = f"user@{USERS['bob']}.service"
    ada.host.run(["systemctl", "stop", unit])
    try:
        told = bob.run(_DEMO, timeout_seconds=60).stdout
    finally:
        ada.host.run(["systemctl", "start", unit])
    assert "without a timer" in told
    assert "Number of files" in told
    assert "succeeded" in told

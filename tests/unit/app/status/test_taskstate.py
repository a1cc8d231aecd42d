"""describe: the state of a task now, beside its contract."""

from __future__ import annotations

import os
from typing import Any

from docket.app.status.describe import describe
from docket.cli.render.describe import description_text
from docket.cli.render.layout.screen import Screen
from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.status.test_status import TIMER, installed
from tests.unit.app.text.test_outputs_of_commands import docket

HOUR = 3_600_000_000
CONFIG = """
tasks:
  daily: {type: command, command: "true", once_per: day, timezone: Europe/Berlin}
  wipes: {type: command, command: "true", schedule: "@daily", destructive: true}
  told: {type: command, command: "true", on_failure: "true"}
"""


def described(home: Home, task: str, at_us: int = NOW_US) -> dict[str, Any]:
    session = home.session.replace(now_us=lambda: at_us)
    found: dict[str, Any] = require_valid("describe", describe(session, task).document())
    return found


def guards(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(guard["code"], guard["runs"]) for guard in document["guards"]]


def test_a_task_that_never_ran_has_nothing_to_tell(home: Home) -> None:
    home.config(CONFIG)
    document = described(home, "told")
    assert (document["next_run"], document["last_run"], document["timer"]) == (None, None, None)
    assert document["lock"] == {"held": False, "run_id": None, "since": None}
    assert (document["guards"], document["drift"]) == ([], [])
    assert document["contract"]["hooks"][0]["kind"] == "on_failure"
    assert os.listdir(home.paths.home) == ["config.yaml"]


def test_the_run_under_way_holds_the_lock(home: Home) -> None:
    home.config(CONFIG)
    last = home.record("told", "failed")
    run_id = home.record("told", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, run_id)
    document = described(home, "told")
    lock.release()
    assert (document["lock"]["held"], document["lock"]["run_id"]) == (True, run_id)
    assert (document["last_run"]["run_id"], document["consecutive_failures"]) == (last, 1)


def test_the_next_run_is_the_one_that_systemd_names(home: Home) -> None:
    installed(home)
    assert described(home, "nightly")["next_run"] == "2026-09-21T14:13:21.000000+00:00"
    home.units.put(TIMER, active_state="inactive", next_elapse_us=None)
    assert described(home, "nightly")["next_run"] is None


def test_a_silent_manager_is_a_warning_and_nothing_is_made_up(home: Home) -> None:
    installed(home)
    home.units.refusal = "There is no manager."
    document = described(home, "nightly")
    assert document["next_run"] is None  # the timer is not enabled on the disk
    assert any("There is no manager." in warning for warning in document["warnings"])
    wants = os.path.join(home.paths.unit_dir, "timers.target.wants")
    os.mkdir(wants)
    os.symlink(os.path.join(home.paths.unit_dir, TIMER), os.path.join(wants, TIMER))
    assert described(home, "nightly")["next_run"] is not None


def test_drift_is_shown(home: Home) -> None:
    installed(home)
    home.file(os.path.join(home.paths.unit_dir, TIMER), "[Timer]\nOnCalendar=daily\n")
    assert described(home, "nightly")["drift"]


def test_what_holds_a_run_back_is_shown(home: Home) -> None:
    home.config(CONFIG)
    assert guards(described(home, "wipes")) == [("unattended", "timer")]
    docket(home, 0, "pause", "told", "--reason", "a holiday")
    docket(home, 0, "skip-next", "told")
    document = described(home, "told")
    assert guards(document) == [("paused", "timer"), ("skip_next", "timer")]
    assert "a holiday" in document["guards"][0]["sentence"]


def test_a_period_that_is_served_holds_every_run_back(home: Home) -> None:
    home.config(CONFIG)
    home.record("daily", at=NOW_US - 17 * HOUR)  # the evening before, in Berlin
    assert guards(described(home, "daily")) == []
    home.record("daily", at=NOW_US - HOUR)
    assert guards(described(home, "daily")) == [("once_per", "all")]
    assert guards(described(home, "daily", NOW_US + 8 * HOUR)) == []  # past midnight there


def test_a_store_that_is_broken_hides_no_contract(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    document = described(home, "told")
    assert "lock" not in document
    assert any(home.paths.state_db in warning for warning in document["warnings"])
    assert document["contract"]["hooks"]


def test_people_are_shown_the_same(home: Home) -> None:
    installed(home)
    home.record("nightly", "failed", at=NOW_US - HOUR)
    screen = Screen(100, colour=False, unicode=True, now_us=NOW_US)
    text = description_text(describe(home.session, "nightly"), screen, full=False)
    assert "failed 60 min ago" in text or "failed 1 h ago" in text
    assert "in 1 s" in text
    docket(home, 0, "pause", "nightly")
    text = description_text(describe(home.session, "nightly"), screen, full=False)
    assert "in 1 s" not in text
    assert "It is paused." in text

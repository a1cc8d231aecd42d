"""status: the record, the timers, the plans and the disk, joined and never guessed."""

from __future__ import annotations

import os

import pytest

from docket.app.install import install
from docket.app.status import status
from docket.errors import NameRefusedError, RunNotFoundError, StoreError, UnknownTaskError
from docket.model.rows import AttemptRow, HookRow
from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from docket.store.orders.audit import Who
from docket.store.orders.overrides import PAUSE, SKIP_NEXT, Order, set_override
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  nightly: {type: command, command: "true", schedule: "0 2 * * *"}
  plain: {type: command, command: "true"}
"""
TIMER, SERVICE = "docket-nightly.timer", "docket-nightly.service"


def installed(home: Home) -> None:
    """Write units and plans as an install does, without a service manager."""
    home.config(CONFIG)
    plan = install.preview(home.session)
    for change in plan.every:
        home.file(change.path, change.after or "")
    for file in plan.plans:
        home.file(file.path, file.after or "")
    home.units.put(TIMER, next_elapse_us=NOW_US + 1_000_000, last_trigger_us=NOW_US)
    home.units.put(SERVICE, active_state="inactive")


def of(home: Home, task: str) -> status.TaskStatus:
    return status.status(home.session, task).tasks[0]


def test_a_task_that_never_ran_says_so(home: Home) -> None:
    home.config(CONFIG)
    document = require_valid("status", status.status(home.session, "plain").document())
    assert (document["task"], document["status"]) == ("plain", "never_run")
    assert document["timer"] is None
    assert document["plan"] == "missing"


def test_the_last_real_run_is_the_latest_and_a_skip_is_not(home: Home) -> None:
    home.config(CONFIG)
    run_id = home.record("plain", "failed")
    home.record("plain", "skipped")
    document = require_valid("status", status.status(home.session, "plain").document())
    assert (document["run_id"], document["status"], document["exit_code"]) == (run_id, "failed", 1)
    assert document["consecutive_failures"] == 1
    assert document["last_run"] > document["started_at"]


def test_all_tasks_are_in_the_report_and_those_that_ran_in_the_document(home: Home) -> None:
    home.config(CONFIG)
    home.record("plain")
    home.record("gone")
    report = status.status(home.session)
    assert [task.task for task in report.tasks] == ["gone", "nightly", "plain"]
    document = require_valid("status", report.document())
    assert [task["task_name"] for task in document] == ["gone", "plain"]
    assert [task["configured"] for task in document] == [False, True]


def test_the_timer_is_shown_as_the_manager_has_it(home: Home) -> None:
    installed(home)
    timer = of(home, "nightly").timer
    assert timer is not None
    assert timer.document() == {
        "unit": TIMER,
        "state": "active",
        "enabled": True,
        "next_fire": "2026-09-21T14:13:21.000000+00:00",
        "last_trigger": "2026-09-21T14:13:20.000000+00:00",
    }
    assert of(home, "nightly").drift.sentences == ()


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"active_state": "inactive"}, "inactive"),
        ({"active_state": "failed"}, "failed"),
        ({"load_state": "masked"}, "masked"),
        ({"load_state": "bad-setting"}, "bad-setting"),
        ({"load_state": "not-found"}, "not installed"),
    ],
)
def test_a_timer_that_does_not_wait_is_reported(
    home: Home, facts: dict[str, str], word: str
) -> None:
    installed(home)
    home.units.put(TIMER, **facts)
    timer = of(home, "nightly").timer
    assert timer is not None
    assert timer.state == word


def test_a_scheduled_task_that_was_never_installed_has_no_timer_yet(home: Home) -> None:
    home.config(CONFIG)
    timer = of(home, "nightly").timer
    assert timer is not None
    assert timer.state == "not installed"
    assert of(home, "nightly").drift.sentences == ()


def test_without_a_service_manager_the_rest_is_shown(home: Home) -> None:
    installed(home)
    home.record("nightly")
    home.units.refusal = "There is no bus."
    report = status.status(home.session)
    assert any("There is no bus." in warning for warning in report.warnings)
    document = require_valid("status", report.document())
    assert document[0]["timer"]["state"] == "unknown"
    assert document[0]["timer"]["enabled"] is None


def test_drift_is_seen_in_every_form(home: Home) -> None:
    installed(home)
    path = os.path.join(home.paths.unit_dir, TIMER)
    os.unlink(path)
    home.units.put(SERVICE, needs_reload=True)
    assert of(home, "nightly").drift.sentences == (
        f"{TIMER} is missing.",
        f"{SERVICE} changed on the disk after systemd read it.",
    )
    home.file(path, "[Timer]\nOnCalendar=daily\n")
    assert f"{TIMER} was not written by Docket." in of(home, "nightly").drift.sentences


def test_a_hand_edit_is_seen_by_its_hash_and_named(home: Home) -> None:
    installed(home)
    path = os.path.join(home.paths.unit_dir, TIMER)
    with open(path, "a") as file:
        file.write("# mine\n")
    found = of(home, "nightly").drift
    assert found.hand_edits == (path,)
    assert "edited by hand" in found.sentences[0]


def test_units_older_than_the_plan_are_drift(home: Home) -> None:
    installed(home)
    home.config(CONFIG.replace("0 2 * * *", "0 3 * * *"))
    for file in install.preview(home.session).plans:
        home.file(file.path, file.after or "")
    assert of(home, "nightly").drift.sentences == (f"{TIMER} differs from the config.",)


def test_drop_ins_of_others_are_named_and_those_for_all_units_are_not(home: Home) -> None:
    installed(home)
    mine = f"/etc/systemd/user/{SERVICE}.d/x.conf"
    home.units.put(SERVICE, drop_in_paths=("/usr/lib/systemd/user/service.d/10.conf", mine))
    assert of(home, "nightly").drift.drop_ins == (mine,)


def test_the_plan_is_fresh_then_stale_then_the_last_good_one(home: Home) -> None:
    installed(home)
    assert of(home, "nightly").plan_state == "fresh"
    home.config(CONFIG + "# a comment\n")
    assert of(home, "nightly").plan_state == "stale"
    home.config(CONFIG.replace('"true", schedule', '"true", retry: -1, schedule'))
    assert of(home, "nightly").plan_state == "last_good"
    assert of(home, "nightly").problems
    home.config("tasks: [")
    report = status.status(home.session, "nightly")
    assert report.tasks[0].plan_state == "last_good"
    assert report.error is not None
    assert report.tasks[0].timer is not None
    assert report.tasks[0].configured, "nobody knows what a broken config has no more"


def test_a_task_that_is_gone_from_a_sound_config_has_no_broken_config(home: Home) -> None:
    installed(home)
    home.record("nightly", "succeeded")
    home.config("tasks: {}\n")
    found = of(home, "nightly")
    assert (found.plan_state, found.configured) == ("removed", False)


def test_with_a_broken_config_the_planned_tasks_are_still_shown(home: Home) -> None:
    installed(home)
    home.config("tasks: [")
    assert [task.task for task in status.status(home.session).tasks] == ["nightly", "plain"]


def test_a_plan_that_others_can_write_is_none(home: Home) -> None:
    installed(home)
    os.chmod(home.paths.plan("nightly"), 0o666)
    assert of(home, "nightly").plan_state == "missing"


def test_a_running_run_is_shown_with_whether_it_is_alive(home: Home) -> None:
    home.config(CONFIG)
    alive = home.record("plain", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, alive)
    document = require_valid("status", status.status(home.session, "plain").document())
    lock.release()
    assert [(run["run_id"], run["alive"]) for run in document["running"]] == [
        (alive, True),
    ]


def test_an_order_for_a_timer_is_shown_while_it_is_in_force(home: Home) -> None:
    home.config(CONFIG)
    home.record("plain")
    db, uid = home.paths.state_db, os.getuid()
    pause = Order(PAUSE, until=NOW_US + 1, reason="moving house")
    set_override(db, ["plain"], pause, at_us=NOW_US - 1, who=Who(uid, None, "cli"))
    set_override(
        db, ["plain"], Order(SKIP_NEXT, remaining=2), at_us=NOW_US - 1, who=Who(uid, None, "cli")
    )
    document = require_valid("status", status.status(home.session, "plain").document())
    told = [(o["kind"], o["remaining"], o["reason"]) for o in document["overrides"]]
    assert told == [("pause", None, "moving house"), ("skip-next", 2, None)]
    set_override(
        db, ["plain"], Order(PAUSE, until=NOW_US), at_us=NOW_US - 1, who=Who(uid, None, "cli")
    )
    [later] = status.status(home.session, "plain").tasks
    assert [override.kind for override in later.overrides] == ["skip-next"]


def test_one_run_is_shown_with_its_attempts_and_hooks(home: Home) -> None:
    hook = HookRow(position=1, kind="on_failure", label="notify-send x", started_at=NOW_US)
    hook.state, hook.exit_code, hook.duration_us = "done", 0, 1500
    attempts = [
        AttemptRow(
            number=1,
            started_at=NOW_US,
            finished_at=NOW_US + 1,
            exit_code=3,
            signal=None,
            ended_by="exit",
            peak_memory_bytes=1024,
            cpu_us=2500,
        ),
        AttemptRow(
            number=2,
            started_at=NOW_US,
            finished_at=NOW_US + 1,
            exit_code=None,
            signal=9,
            ended_by="signal",
            peak_memory_bytes=None,
            cpu_us=None,
        ),
    ]
    run_id = home.record("a", "failed", attempts=attempts, hooks=[hook], retry_count=1)
    document = require_valid("status", status.of_run(home.session, run_id).document())
    assert [attempt["ended_by"] for attempt in document["attempts"]] == ["exit", "signal"]
    assert document["attempts"][0]["cpu_seconds"] == 0.0025
    assert document["hooks"][0]["command"] == "notify-send x"
    assert document["alive"] is None


@pytest.mark.parametrize(
    "run_id", ["../x", "a\nb", "x" * 10_240, "20260427T013000000000Z-ab12cd34"]
)
def test_a_run_that_is_not_there_is_not_found(home: Home, run_id: str) -> None:
    with pytest.raises(RunNotFoundError) as caught:
        status.of_run(home.session, run_id)
    assert require_valid("error", caught.value.document())["status"] == "not_found"


def test_names_are_looked_up_with_care(home: Home) -> None:
    home.config(CONFIG)
    with pytest.raises(UnknownTaskError) as caught:
        status.status(home.session, "plian")
    assert caught.value.hint == "Did you mean 'plain'?"
    with pytest.raises(NameRefusedError):
        status.status(home.session, "a/b")


def test_a_broken_store_gives_one_sentence(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    with pytest.raises(StoreError):
        status.status(home.session)


def test_looking_makes_no_file(home: Home) -> None:
    home.config(CONFIG)
    status.status(home.session)
    assert os.listdir(home.paths.home) == ["config.yaml"]

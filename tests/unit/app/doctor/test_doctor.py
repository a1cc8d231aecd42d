"""doctor: each part examined by itself, and none of them needed by the others."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from docket.app.doctor.doctor import examine
from docket.app.install import install
from docket.cli.render.doctor import examination_text
from docket.cli.render.layout.screen import Screen
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.runfiles import LOCK, boot_id, run_file
from docket.store.spool import merge, spool, spool_directories
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.status.test_status import CONFIG, SERVICE, TIMER, installed

ALL = [
    "config_file",
    "task_discovery",
    "tasks_dir",
    "logs_dir",
    "lock_dir",
    "state_db",
    "taken_over",
    "state_spool",
    "hanging_runs",
    "executables",
    "secret_files",
    "env_files",
    "path",
    "future_runs",
    "late_records",
    "disk_use",
    "service_manager",
    "linger",
    "drift",
    "timers",
    "watched_paths",
    "failed_units",
    "drop_ins",
    "plans",
    "journal",
    "unit_programs",
    "limits",
]


@pytest.fixture(autouse=True)
def readable_journal(home: Home) -> None:
    """No test asks the machine's own journal."""
    path = home.file(os.path.join(home.paths.user_home, "bin", "journalctl"), "#!/bin/sh\n")
    os.chmod(path, stat.S_IRWXU)
    home.environ["PATH"] = f"{os.path.dirname(path)}:/usr/bin:/bin"


def checks(home: Home) -> dict[str, dict[str, Any]]:
    """Return the checks of a valid document by name."""
    document = require_valid("doctor", examine(home.session).document())
    assert [check["check"] for check in document["checks"]] == ALL
    bad = [check for check in document["checks"] if check["status"] == "error"]
    assert document["ok"] is not bool(bad)
    return {check["check"]: check for check in document["checks"]}


def test_a_sound_home_is_called_sound(home: Home) -> None:
    installed(home)
    home.record("nightly")
    examination = examine(home.session)
    found = {check.name: check.verdict for check in examination.checks}
    del found["tasks_dir"], found["logs_dir"], found["lock_dir"], found["journal"]
    assert set(found.values()) == {"ok"}
    assert examination.exit_code == 0


def test_what_only_the_first_run_makes_is_no_remark(home: Home) -> None:
    installed(home)
    found = examine(home.session)
    missing = [check for check in found.checks if check.verdict == "missing"]
    assert {"tasks_dir", "logs_dir", "state_db"} <= {check.name for check in missing}
    assert [check.name for check in found.checks if check.remark] == []
    shown = examination_text(found, Screen(80, colour=False, unicode=True, now_us=NOW_US))
    assert "  - state db: not made yet\n" in shown
    assert shown.endswith("All checks passed.")


def test_an_empty_home_is_missing_its_config_and_nothing_crashes(home: Home) -> None:
    found = checks(home)
    assert found["config_file"]["status"] == "missing"
    assert "docket configure" in found["config_file"]["hint"]
    assert found["state_db"]["status"] == "missing"
    assert os.listdir(home.paths.home) == []


@pytest.mark.parametrize("text", ["tasks: [", "[1]", "\x00", "a: &a [*a]", "tasks:\n\t- x"])
def test_a_broken_config_is_a_finding_and_the_rest_is_examined(home: Home, text: str) -> None:
    home.config(text)
    home.record("a")
    found = checks(home)
    assert found["config_file"]["status"] == "error"
    assert found["config_file"]["error"]
    assert found["state_db"]["status"] == "ok"


def test_a_config_that_others_can_write_is_a_finding(home: Home) -> None:
    home.config(CONFIG)
    os.chmod(home.paths.config, 0o666)
    assert checks(home)["config_file"]["status"] == "error"


def test_a_broken_store_is_a_finding(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    found = checks(home)
    assert found["state_db"]["status"] == "error"
    assert home.paths.state_db in found["state_db"]["detail"]
    assert found["hanging_runs"]["status"] == "warning"


def test_a_store_that_is_a_directory_is_a_finding(home: Home) -> None:
    os.makedirs(home.paths.state_db)
    assert checks(home)["state_db"]["status"] == "error"


def test_a_broken_task_is_named_with_its_mistake(home: Home) -> None:
    home.config(CONFIG + "  bad: {type: command}\n")
    found = checks(home)["task_discovery"]
    assert (found["status"], found["broken"], found["tasks_found"]) == ("error", ["bad"], 3)
    assert found["problems"][0]["line"] is not None


def test_a_destructive_task_that_timers_may_not_start_is_named_and_not_called_broken(
    home: Home,
) -> None:
    home.config(CONFIG.replace('"true", schedule', '"true", destructive: true, schedule'))
    found = checks(home)
    assert found["task_discovery"]["status"] == "ok"
    assert "unattended: allow" in found["timers"]["detail"]


def test_a_missing_service_manager_is_an_error_only_if_timers_need_it(home: Home) -> None:
    home.units.refusal = "There is no bus."
    home.config('tasks:\n  plain: {type: command, command: "true"}\n')
    assert checks(home)["service_manager"]["status"] == "warning"
    home.config(CONFIG)
    found = checks(home)
    assert found["service_manager"]["status"] == "error"
    assert found["timers"]["status"] == "warning"
    assert found["drift"]["status"] == "ok"


def test_a_user_who_does_not_linger_is_warned(home: Home) -> None:
    home.config(CONFIG)
    home.units.lingers = False
    assert "enable-linger" in checks(home)["linger"]["hint"]


def test_timers_that_will_not_fire_are_named(home: Home) -> None:
    installed(home)
    home.units.put(TIMER, active_state="inactive")
    assert "nightly: its timer is inactive." in checks(home)["timers"]["detail"]
    home.units.put(TIMER, next_elapse_us=None)
    assert "will not fire again" in checks(home)["timers"]["detail"]
    del home.units.known[TIMER]
    assert "not installed" in checks(home)["timers"]["detail"]


def test_drift_from_the_config_is_seen_before_the_plan_knows_it(home: Home) -> None:
    installed(home)
    home.config(CONFIG.replace("0 2 * * *", "0 4 * * *"))
    found = checks(home)["drift"]
    assert found["drifts"] == [f"{TIMER} differs from the config."]


def test_units_that_no_task_has_are_named_and_those_of_a_broken_task_are_not(home: Home) -> None:
    installed(home)
    home.config('tasks:\n  plain: {type: command, command: "true"}\n')
    assert checks(home)["drift"]["left_over"] == [SERVICE, TIMER]
    home.config(CONFIG.replace('"true", schedule', '"true", retry: -1, schedule'))
    assert checks(home)["drift"]["left_over"] == []


def test_units_of_another_home_are_left_alone(home: Home) -> None:
    installed(home)
    other = os.path.join(home.paths.unit_dir, "docket-theirs.timer")
    with open(os.path.join(home.paths.unit_dir, TIMER)) as file:
        home.file(other, file.read().replace(home.paths.config, "/elsewhere/config.yaml"))
    home.file(os.path.join(home.paths.unit_dir, "docket-hand.timer"), "[Timer]\n")
    assert checks(home)["drift"]["left_over"] == []


def test_drop_ins_of_others_are_named(home: Home) -> None:
    installed(home)
    path = f"/etc/systemd/user/{SERVICE}.d/x.conf"
    home.units.put(SERVICE, drop_in_paths=(path,))
    assert checks(home)["drop_ins"]["paths"] == [path]


def test_tasks_that_run_by_their_last_good_plan_are_named(home: Home) -> None:
    installed(home)
    home.config("tasks: [")
    assert checks(home)["plans"]["last_good"] == ["nightly", "plain"]
    home.config('tasks:\n  plain: {type: command, command: "true"}\n')
    assert checks(home)["plans"]["last_good"] == []


def test_what_a_task_needs_and_lacks_is_named(home: Home) -> None:
    home.config(
        "tasks:\n"
        "  a: {type: command, command: no-such-program-here, cwd: /nonexistent}\n"
        "  b: {type: command, command: 'true', env_file: /nonexistent/env}\n"
    )
    found = checks(home)["executables"]
    assert found["status"] == "warning"
    assert "'no-such-program-here'" in found["detail"]
    assert "/nonexistent is not there" in found["detail"]
    assert "/nonexistent/env" in found["detail"]


def test_a_path_that_others_can_change_is_reported(home: Home, tmp_path: Any) -> None:
    os.chmod(tmp_path, 0o777)
    home.environ["PATH"] = f"{tmp_path}:.:{home.environ['PATH']}"
    found = checks(home)["path"]
    assert str(tmp_path) in found["detail"]
    assert "relative" in found["detail"]


@pytest.mark.parametrize("which", ["task_dir", "log_dir"])
def test_a_directory_that_others_can_write_is_a_finding(home: Home, which: str) -> None:
    path = getattr(home.paths, which)
    os.makedirs(path)
    os.chmod(path, 0o777)
    name = {"task_dir": "tasks_dir", "log_dir": "logs_dir"}[which]
    assert checks(home)[name]["status"] == "error"
    os.rmdir(path)
    home.file(path, "a file")
    assert "not a directory" in checks(home)[name]["detail"]


def test_records_that_wait_and_files_that_are_none_are_counted(home: Home) -> None:
    spool = os.path.join(home.paths.home, "spool")
    home.file(os.path.join(spool, "x.json"), "{}")
    home.file(os.path.join(spool, "y.json.refused"), "?")
    found = checks(home)["state_spool"]
    assert (found["status"], found["waiting"], len(found["refused"])) == ("warning", 1, 1)


def test_rows_of_dead_runners_are_named(home: Home) -> None:
    dead = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    home.record("b", "running", boot_id="another boot", pid=1)
    home.file(run_file(home.paths.lock_dir, dead, LOCK), "")
    found = checks(home)["hanging_runs"]
    assert (found["status"], len(found["run_ids"])) == ("warning", 2)
    assert dead in found["detail"]


def test_runs_in_the_future_are_named(home: Home) -> None:
    home.record("a")
    assert checks(home)["future_runs"]["status"] == "ok"
    ahead = home.record("a", at=NOW_US + 86_400_000_000)
    found = checks(home)["future_runs"]
    assert (found["status"], found["runs"], found["run_ids"]) == ("warning", 1, [ahead])
    assert ahead in found["detail"]


def test_runs_that_were_recorded_late_are_named(home: Home) -> None:
    home.record("a")
    assert checks(home)["late_records"]["detail"] == ""
    row = RunRow(run_id=make_run_id(NOW_US, b"late"), task="a", trigger="timer", started_at=NOW_US)
    row.status, row.finished_at = "succeeded", NOW_US + 1
    spools = spool_directories(home.paths.state_db, home.paths.lock_dir)
    spool(spools, row, [], [], [])
    assert merge(home.paths.state_db, spools) == 1
    found = checks(home)["late_records"]
    assert (found["status"], found["runs"], found["run_ids"]) == ("ok", 1, [row.run_id])
    assert f"1 runs, as {row.run_id} (a)" in found["detail"]
    assert "disk" in str(found["hint"])


def test_the_disk_use_of_history_logs_and_spool_is_in_bytes(home: Home) -> None:
    home.record("a")
    home.file(os.path.join(home.paths.log_dir, "a.log"), "x" * 3000)
    home.file(os.path.join(os.path.dirname(home.paths.state_db), "spool", "a.json"), "y" * 70)
    found = checks(home)["disk_use"]
    on_disk = sum(
        os.path.getsize(home.paths.state_db + end)
        for end in ("", "-wal", "-shm")
        if os.path.exists(home.paths.state_db + end)
    )
    assert (found["status"], found["logs_bytes"], found["spool_bytes"]) == ("ok", 3000, 70)
    assert found["history_bytes"] == on_disk
    assert "logs 3 KiB" in found["detail"]


def test_a_journal_that_cannot_be_read_is_reported(home: Home) -> None:
    path = os.path.join(home.paths.user_home, "bin", "journalctl")
    home.file(path, "#!/bin/sh\necho 'No journal files were opened' >&2; exit 1\n")
    found = checks(home)["journal"]
    assert (found["status"], found["readable"]) == ("warning", False)
    home.environ["PATH"] = "/nonexistent"
    assert "not installed" in checks(home)["journal"]["detail"]


def test_no_secret_is_in_the_findings(home: Home) -> None:
    home.config(
        "tasks:\n  a: {type: command, command: ['https://u:hunter2@h/x', x], retry: -1}\n"
        "  b: {type: command, command: 'https://u:hunter2@h/prog'}\n"
    )
    assert "hunter2" not in json.dumps(examine(home.session).document())


def test_an_examination_changes_nothing(home: Home) -> None:
    installed(home)
    before = {path: os.stat(path).st_mtime_ns for path, _, _ in os.walk(home.paths.user_home)}
    plan = install.preview(home.session)
    examine(home.session)
    assert {path: os.stat(path).st_mtime_ns for path in before} == before
    assert not plan.dirty

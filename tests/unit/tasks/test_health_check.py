"""health-check: what is looked at, what is wrong, and what cannot be asked."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from docket.tasks.healthcheck import HealthCheck
from tests.unit.tasks.task_home import TaskHome

_MINE = """
from docket.task import BaseTask, TaskResult

class Mine(BaseTask):
    name = "mine"
    def run(self, config):
        return TaskResult(False, "Mine failed", {"exit_code": 1})
"""


def check(**config: Any) -> Any:
    return HealthCheck().run(config)


def test_it_runs_without_an_entry_and_says_so(home: TaskHome) -> None:
    home.configure()
    result = home.run("health-check")
    assert result["status"] in ("succeeded", "failed")
    assert result["details"].keys() == {"disk", "memory"}
    assert home.json("describe", "health-check")["configured"] is False


def test_disk_and_memory_have_the_older_programs_keys_and_types() -> None:
    found = check(disk_threshold_pct=100, memory_threshold_pct=100).details
    disk, memory = found["disk"], found["memory"]
    for part in (disk, memory):
        assert isinstance(part["ok"], bool)
        assert isinstance(part["used_pct"], int)
        assert part["threshold"] == 100
        assert isinstance(part["total_gb"], float)
        assert isinstance(part["used_gb"], float)
    assert isinstance(disk["free_gb"], float)
    assert disk["total_gb"] == round(shutil.disk_usage("/").total / 1024**3, 1)


def test_a_disk_is_as_full_as_df_says_for_what_root_reserves_is_nobodys_to_fill() -> None:
    found = os.statvfs("/")
    used = found.f_blocks - found.f_bfree
    assert check(checks=["disk"]).details["disk"]["used_pct"] == int(
        used * 100 / (used + found.f_bavail)
    )


def test_at_the_threshold_a_check_fails_and_the_summary_says_what_and_how_much() -> None:
    result = check(disk_threshold_pct=0, memory_threshold_pct=0)
    assert not result.ok
    assert "the disk of / is used to" in result.summary
    assert "the memory is used to" in result.summary
    assert result.summary.count("0 % is the limit") == 2


def test_every_disk_is_checked_and_the_worst_decides(tmp_path: Any) -> None:
    missing = str(tmp_path / "missing")
    result = check(checks=["disk"], disk_paths=["/", missing], disk_threshold_pct=100)
    disk = result.details["disk"]
    assert not result.ok
    assert disk["path"] == missing
    assert "No such file" in disk["error"]
    assert disk["paths"]["/"]["ok"] is True
    assert missing in result.summary
    assert "the disk of /" not in result.summary


def test_named_units_are_checked_without_checks_too() -> None:
    """The older program left units that were named without `checks` out silently."""
    assert "systemd-units" in check(systemd_units=["x.service"]).details
    assert "systemd-units" not in check().details


def test_no_units_named_is_a_note_and_no_failure() -> None:
    result = check(checks=["systemd-units"])
    assert result.ok
    assert result.details["systemd-units"] == {"ok": True, "note": "no units are named"}


@pytest.mark.parametrize("key", ["systemd_units", "systemd_user_units"])
def test_a_unit_that_nobody_can_be_asked_of_is_not_taken_for_active(
    home: TaskHome, key: str
) -> None:
    home.configure(**{"health-check": {"checks": ["systemd-units"], key: ["no-such-unit-at-all"]}})
    result = home.run("health-check")
    found = result["details"]["systemd-units"]
    name = ("user:" if "user" in key else "") + "no-such-unit-at-all.service"
    assert found["ok"] is False
    assert found["failed_units"] == [name]
    assert found["unit_states"][name] in ("unknown", "not-found")
    assert found["unit_states"][name] == "not-found" or found["error"]
    assert name in result["summary"]
    assert result["returncode"] == 1


def test_a_dry_run_looks_at_nothing_and_leaves_no_row(home: TaskHome) -> None:
    home.configure(**{"health-check": {"systemd_units": ["x"]}})
    result = home.run("health-check", "--dry-run")
    assert result["details"]["checks"] == ["disk", "memory", "systemd-units"]
    assert (result["dry_run"], result["returncode"]) == (True, 2)
    assert home.runs() == []


def test_there_may_be_several_health_checks(home: TaskHome) -> None:
    home.configure(
        disks={"type": "health-check", "checks": ["disk"]},
        memory={"type": "health-check", "checks": ["memory"]},
    )
    assert home.run("disks")["details"].keys() == {"disk"}
    assert home.run("memory")["details"].keys() == {"memory"}


def test_a_command_of_that_name_is_run_as_the_command(home: TaskHome) -> None:
    """The older program ignored `type: command` tasks of a built-in name silently."""
    home.configure(**{"health-check": {"type": "command", "command": "echo mine"}})
    assert home.run("health-check")["details"]["stdout"] == "mine\n"


@pytest.mark.parametrize(
    ("entry", "sentence", "hint"),
    [
        ({"cheks": ["disk"]}, "no key `cheks`", "did you mean `checks`?"),
        ({"checks": ["dsk"]}, "must be one of", "did you mean `disk`?"),
        ({"checks": "disk"}, "must be a list of", None),
        ({"disk_threshold_pct": 101}, "from 0 to 100", None),
        ({"memory_threshold_pct": "90"}, "from 0 to 100", "take the quotes away"),
        ({"systemd_units": [1]}, "must be text", "put it in quotes"),
        ({"disk_paths": []}, "not an empty list", None),
        ({"disk_paths": ["$NO_SUCH_VARIABLE_HERE"]}, "is not set", "write the path out"),
        ({"type": "health-chek"}, "no such type", "did you mean `health-check`?"),
    ],
)
def test_a_mistake_is_reported_with_its_place_and_the_nearest_word(
    home: TaskHome, entry: dict[str, Any], sentence: str, hint: str | None
) -> None:
    home.configure(**{"health-check": entry})
    (problem,) = home.problems()
    assert sentence in problem.sentence
    assert problem.hint == hint
    assert problem.task == "health-check"
    assert problem.mark is not None
    assert problem.mark.line == 1


def test_keys_of_ones_own_are_free_behind_an_x(home: TaskHome) -> None:
    home.configure(**{"health-check": {"x-note": [1, {"a": None}]}})
    assert home.json("check")["problems"] == []


def test_what_nobody_configured_is_part_of_no_install_and_no_status(home: TaskHome) -> None:
    home.configure(a={"type": "command", "command": "true"})
    file = home.docket / "config.yaml"
    file.write_text(file.read_text()[:-1] + ', "defaults": {"schedule": "@daily"}}')
    assert home.json("install", "--list").keys() == {"a", "returncode"}
    assert [fire["task"] for fire in home.json("next")] == ["a"]
    out, _ = home.start("status").communicate()
    assert b"health-check" not in out


def test_a_timer_left_over_does_not_run_a_built_in_task_by_its_defaults(home: TaskHome) -> None:
    home.configure(**{"health-check": {"schedule": "@daily"}})
    assert home.json("install")["ok"]
    home.configure()
    result = home.run("health-check")
    assert result["error_code"] == "task.unknown"
    assert "not in the config any more" in result["error"]


@pytest.mark.parametrize(
    ("keys", "status", "retries"),
    [
        ({}, "failed", 1),
        ({"success_exit_codes": [0, 1]}, "succeeded", 0),
        ({"exit_codes": {"1": "warn"}}, "succeeded", 0),
        ({"exit_codes": {"1": "skip"}}, "skipped", 0),
        ({"exit_codes": {"1": "fatal"}}, "failed", 0),
        ({"retry_on": [9]}, "failed", 0),
        ({"retry_on": [1, 9]}, "failed", 1),
    ],
)
def test_an_exit_code_of_a_class_means_what_the_task_says(
    home: TaskHome, keys: dict[str, Any], status: str, retries: int
) -> None:
    tasks = home.docket / "tasks"
    tasks.mkdir(mode=0o700)
    (tasks / "mine.py").write_text(_MINE)
    (tasks / "mine.py").chmod(0o600)
    home.configure(mine={"retry": 1, "backoff_max": 0, **keys})
    result = home.run("mine")
    assert (result["status"], result["retry_count"]) == (status, retries), result


def test_the_keys_of_exit_codes_are_accepted(home: TaskHome) -> None:
    keys = {"exit_codes": {"3": "warn"}, "success_exit_codes": [0, 3], "retry_on": [4]}
    home.configure(health_check=keys)
    assert home.problems() == ()

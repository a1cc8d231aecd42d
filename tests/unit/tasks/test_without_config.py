"""The built-in tasks where nobody has configured anything."""

from __future__ import annotations

import pytest

from tests.unit.tasks.task_home import TaskHome


def test_they_run_by_hand_before_there_is_a_configuration(home: TaskHome) -> None:
    assert home.run("health-check", "--dry-run")["returncode"] == 2
    result = home.run("health-check")
    assert result["details"].keys() == {"disk", "memory"}
    assert [run.task for run in home.runs()] == ["health-check"]
    assert not (home.docket / "config.yaml").exists()


def test_a_task_that_needs_a_config_still_names_the_missing_file(home: TaskHome) -> None:
    assert home.run("photos")["error_code"] == "config.missing"
    assert home.json("install")["error_code"] == "config.missing"


def test_a_file_that_is_made_later_is_obeyed_at_once(home: TaskHome) -> None:
    home.run("health-check")
    home.configure(**{"health-check": {"checks": ["disk"]}})
    assert home.run("health-check")["details"].keys() == {"disk"}


@pytest.mark.parametrize("installed", [True, False])
def test_a_backup_never_runs_by_its_defaults_because_the_file_is_gone_tonight(
    home: TaskHome, installed: bool
) -> None:
    home.program("rclone", "#!/bin/sh\necho $2 to $3\n")
    home.configure(backup={"source": "/mine", "remote": "mine:there", "schedule": "@daily"})
    if installed:
        assert home.json("install")["ok"]
    else:
        home.configure(backup={"source": "/mine", "remote": "mine:there"})
    assert home.run("backup")["details"]["stdout"] == "/mine to mine:there\n"
    (home.docket / "config.yaml").unlink()
    out, err = home.start("exec", "backup", "--trigger", "timer").communicate(timeout=50)
    assert b"/mine to mine:there" in out, err
    assert home.run("backup")["error_code"] == "config.missing"


def test_without_a_file_a_backup_has_the_documented_defaults(home: TaskHome) -> None:
    home.program("rclone", '#!/bin/sh\necho "$@"\n')
    details = home.run("backup")["details"]
    assert details["stdout"] == "sync /data/backup remote:backup\n"

"""doctor --agent: what an agent relies on, and that nothing keeps it from answering."""

from __future__ import annotations

import os
import stat
import time
from typing import Any

import pytest

from docket.app.doctor.doctor import examine, examine_for_agents
from docket.app.doctor.remotes import Rclone, remote_name
from docket.cli.render.doctor import agent_examination_text
from docket.cli.render.layout.screen import Screen
from docket.errors import BusError
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.status.test_status import CONFIG, TIMER, installed
from tests.unit.app.text.test_outputs_of_commands import docket

TASKS = """
tasks:
  fine: {type: command, command: [/bin/true], required_env: [HOME, GIVEN], env: {GIVEN: "1"}}
  gone: {type: command, command: [nonexistent-program, x], required_env: [DOCKET_NEVER_SET]}
  filed: {type: command, command: [sh, -c, "true"], required_env: [A, B], env_file: %s}
  wrong: {type: command, retry: -1}
  nightly: {type: command, command: [/bin/true], schedule: "@daily"}
  deletes: {type: command, command: [/bin/true], schedule: "@daily", destructive: true}
"""


@pytest.fixture(autouse=True)
def readable_journal(home: Home) -> None:
    """No test asks the machine's own journal."""
    program(home, "journalctl", "exit 0")
    home.environ["PATH"] = f"{home.paths.user_home}/bin:/usr/bin:/bin"


def program(home: Home, name: str, script: str) -> str:
    path = home.file(os.path.join(home.paths.user_home, "bin", name), f"#!/bin/sh\n{script}\n")
    os.chmod(path, stat.S_IRWXU)
    return path


def checks(home: Home) -> dict[str, dict[str, Any]]:
    """Return the checks of a valid document by name."""
    found = examine_for_agents(home.session)
    document = require_valid("doctor", found.document())
    assert document["healthy"] is (found.exit_code == 0)
    return {check["name"]: check for check in document["checks"]}


def test_each_task_is_examined_for_what_it_needs(home: Home) -> None:
    path = home.file(os.path.join(home.paths.user_home, "vars"), "A='set here'\nB=\n")
    home.config(TASKS % path)
    found = checks(home)
    outcome = {name: check["ok"] for name, check in found.items() if "health-check" not in name}
    assert outcome == {
        "config_valid": False,
        "state_db_accessible": True,
        "task_discovery": False,
        "deletes:timer_active": False,
        "filed:command_exists": True,
        "filed:env:A": True,
        "filed:env:B": False,
        "fine:command_exists": True,
        "fine:env:HOME": True,
        "fine:env:GIVEN": True,
        "gone:command_exists": False,
        "gone:env:DOCKET_NEVER_SET": False,
        "nightly:command_exists": True,
        "nightly:timer_active": False,
        "wrong:configured_task_discovered": False,
    }
    assert found["gone:command_exists"]["detail"] == "nonexistent-program not found"
    assert "retry" in found["wrong:configured_task_discovered"]["detail"]
    assert "unattended" in found["deletes:timer_active"]["detail"]
    assert "set here" not in str(found)


def test_a_sound_home_is_healthy(home: Home) -> None:
    installed(home)
    home.record("nightly")
    found = examine_for_agents(home.session)
    assert [check.name for check in found.checks if not check.ok] == []
    assert (found.ok, found.exit_code) == (True, 0)
    document = require_valid("doctor", found.document())
    inside = [check["check"] for check in document["installation_checks"]]
    assert inside == [check.name for check in examine(home.session).checks]
    shown = agent_examination_text(found, Screen(80, colour=False, unicode=True, now_us=NOW_US))
    assert shown.endswith(f"All {len(found.checks)} checks passed.")


def test_three_failures_in_a_row_are_a_finding_and_two_are_not(home: Home) -> None:
    installed(home)
    for _ in range(2):
        home.record("nightly", "failed")
    assert checks(home)["nightly:failure_pattern"]["ok"] is True
    home.record("nightly", "timed_out")
    found = checks(home)
    assert found["nightly:last_3_runs_all_failed"]["ok"] is False
    assert found["nightly:last_3_runs_all_failed"]["detail"].startswith("3 consecutive failures")
    assert "nightly:failure_pattern" not in found


@pytest.mark.parametrize("text", ["tasks: [", "[1]", "\x00", "a: &a [*a]", "tasks:\n\t- x"])
def test_a_bad_config_is_a_finding_and_what_is_installed_is_examined(home: Home, text: str) -> None:
    """Of 0.2.2: on a bad config doctor itself died with an error, and no check was made."""
    installed(home)
    home.record("nightly", "failed")
    home.config(text)
    found = checks(home)
    assert (found["config_valid"]["ok"], found["task_discovery"]["ok"]) == (False, False)
    assert found["config_valid"]["detail"]
    assert found["nightly:command_exists"]["ok"]
    assert found["nightly:timer_active"]["ok"]
    assert found["nightly:failure_pattern"]["ok"]


def test_the_command_answers_on_a_bad_config(home: Home) -> None:
    """Of 0.2.2: as above, from the command line."""
    home.config("tasks: [")
    document = require_valid("doctor", docket(home, 1, "doctor", "--agent"))
    assert document["healthy"] is False
    assert document["checks"][0]["name"] == "config_valid"
    assert require_valid("doctor", docket(home, 1, "doctor"))["ok"] is False


def test_an_empty_home_is_a_finding_and_nothing_crashes(home: Home) -> None:
    found = checks(home)
    assert (found["config_valid"]["ok"], found["state_db_accessible"]["ok"]) == (False, True)
    assert os.listdir(home.paths.home) == []


def test_a_broken_store_is_a_finding(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    assert checks(home)["state_db_accessible"]["ok"] is False


def test_the_check_of_each_timer_says_that_the_manager_does_not_answer(home: Home) -> None:
    installed(home)
    home.units.refusal = "There is no manager."
    found = checks(home)["nightly:timer_active"]
    assert found["ok"] is False
    assert found["detail"] == f"{TIMER}: the service manager does not answer."
    with pytest.raises(BusError):
        home.units.states([TIMER])


def test_a_variable_that_only_the_caller_has_is_reported(home: Home) -> None:
    home.config(
        "tasks:\n  a: {type: command, command: 'true', schedule: '@daily', required_env: [TOKEN_X]}"
    )
    home.environ["TOKEN_X"] = "hunter2"
    found = checks(home)["a:env:TOKEN_X"]
    assert found["ok"]
    assert "service manager" in found["detail"]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("nas:photos", "nas"),
        ("my nas:photos", "my nas"),
        ("s3,region=eu:bucket", "s3"),
        (None, "remote"),
        ("/mnt/disk", None),
        ("./here:x", None),
        (":sftp,host=x:dir", None),
        ("folder", None),
    ],
)
def test_a_remote_has_a_name_or_is_a_path(remote: str | None, name: str | None) -> None:
    assert remote_name({} if remote is None else {"remote": remote}) == name


def test_the_real_rclone_is_asked_for_its_remotes(home: Home) -> None:
    config = home.file(os.path.join(home.paths.user_home, "r.conf"), "[nas]\ntype = local\n")
    environ = {**home.environ, "RCLONE_CONFIG": config}
    rclone = Rclone()
    assert rclone.trouble("nas", [], environ) == ""
    assert rclone.trouble("other", [], environ) == "rclone knows no remote 'other'."
    environ = {**home.environ, "RCLONE_CONFIG_BYENV_TYPE": "local"}
    assert rclone.trouble("byenv", [], environ) == ""
    assert rclone.trouble("nas", ["-v", "--config", config], environ) == ""
    assert rclone.trouble("nas", [f"--config={config}"], environ) == ""


def test_rclone_is_asked_once_and_not_waited_for_long(home: Home) -> None:
    marks = os.path.join(home.paths.user_home, "asked")
    program(home, "rclone", f"echo x >> {marks}; exec sleep 60")
    rclone = Rclone(deadline_seconds=0.3)
    begun = time.monotonic()
    for name in ("a", "b"):
        assert "within 0.3 s" in rclone.trouble(name, [], home.environ)
    assert time.monotonic() - begun < 40
    with open(marks) as file:
        assert file.read() == "x\n"


def test_an_rclone_that_fails_or_is_missing_is_reported(home: Home) -> None:
    program(home, "rclone", "exit 3")
    assert "exit 3" in Rclone().trouble("a", [], home.environ)
    assert "not installed" in Rclone().trouble("a", [], {"PATH": home.paths.user_home})


def test_backups_are_examined_for_their_program_and_their_remote(home: Home) -> None:
    rclone = home.file(os.path.join(home.paths.user_home, "r.conf"), "[nas]\ntype = local\n")
    home.environ["RCLONE_CONFIG"] = rclone
    home.config(
        "tasks:\n"
        "  known: {type: backup, source: /tmp, remote: 'nas:x'}\n"
        "  unknown: {type: backup, source: /tmp, remote: 'other:x'}\n"
        "  folder: {type: backup, source: /tmp, remote: /mnt/disk}\n"
        "  synced: {type: backup, tool: rsync, source: /tmp, remote: 'host:x'}\n"
        "  drive: {type: backup, tool: gog, gog_bin: no-such-gog, source: /tmp, parent: p,"
        " archive_name: a.tar.zst}\n"
        "  packed: {type: hbackup, hbackup_bin: no-such-hbackup}\n"
    )
    found = checks(home)
    assert found["known:rclone_remote_exists"]["ok"] is True
    assert found["unknown:rclone_remote_exists"]["ok"] is False
    assert "'other'" in found["unknown:rclone_remote_exists"]["detail"]
    asked = {name for name in found if name.endswith(":rclone_remote_exists")}
    assert asked == {"known:rclone_remote_exists", "unknown:rclone_remote_exists"}
    assert found["known:command_exists"]["detail"] == "rclone found"
    assert found["synced:command_exists"]["detail"] == "rsync found"
    assert "no-such-gog" in found["drive:command_exists"]["detail"]
    assert found["packed:command_exists"]["ok"] is False
    assert not any(name.startswith(("backup:", "hbackup:", "health-check:")) for name in found)


def test_people_see_the_names_of_tasks_and_variables_as_they_are(home: Home) -> None:
    home.config("tasks: {my_task: {type: command, command: 'true', required_env: [API_TOKEN_X]}}")
    found = examine_for_agents(home.session)
    shown = agent_examination_text(found, Screen(80, colour=False, unicode=True, now_us=NOW_US))
    assert "my_task:env:API_TOKEN_X: error" in shown
    assert "config file: ok" in shown

"""hbackup, by a stand-in at its command line: the words it gets, and what is made of its own."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.unit.runner.runner_home import wait_until
from tests.unit.tasks.task_home import TaskHome

STAND_IN = """#!/usr/bin/python3
import json, os, sys, time
home = os.environ["HOME"]
with open(home + "/argv", "a") as file:
    file.write(json.dumps(sys.argv) + "\\n")
print("Found 42 files", file=sys.stderr, flush=True)
if os.path.exists(home + "/hang"):
    time.sleep(60)
if "--dry-run" not in sys.argv and sys.argv[1] in ("backup", "auto"):
    print("Backup complete: /b/agents.tar.zst (41 files, 1.2 MB)", file=sys.stderr)
sys.exit(int(os.environ.get("STAND_IN_CODE", "0")))
"""
EVERYTHING = {
    "output": "/o.tar.zst",
    "archive": "/a.tar.zst",
    "destination": "nas:d",
    "drive": True,
    "drive_remote": "gd",
    "drive_folder": "F/x",
    "excludes": ["e", ".git"],
    "extra_args": ["--z"],
}
# As recorded of the older program for the same configuration.
BACKUP = ["backup", "--output", "/o.tar.zst", "--exclude", "e", "--exclude", ".git", "--z"]
UPLOAD = ["upload", "--drive", "--drive-remote", "gd", "--drive-folder", "F/x"]
WORDS = {
    "auto": ["auto", "--z"],
    "backup": BACKUP,
    "list": ["list", "--z"],
    "upload": [*UPLOAD, "/a.tar.zst", "nas:d", "--z"],
    "setup-drive": ["setup", "drive", "--z"],
}
PREVIEWS = {
    "auto": [*BACKUP, "--dry-run"],
    "backup": [*BACKUP, "--dry-run"],
    "list": ["list", "--z"],
    "upload": None,
    "setup-drive": None,
}


@pytest.fixture(autouse=True)
def stand_in(home: TaskHome) -> None:
    home.program("hbackup", STAND_IN)


def asked(home: TaskHome) -> list[list[str]]:
    file = home.path / "argv"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line)[1:] for line in lines]


@pytest.mark.parametrize("action", WORDS)
def test_an_action_has_the_words_that_it_always_had(home: TaskHome, action: str) -> None:
    home.configure(hbackup={"action": action, **EVERYTHING})
    result = home.run("hbackup")
    assert (result["status"], result["returncode"]) == ("succeeded", 0)
    assert asked(home) == [WORDS[action]]
    details = result["details"]
    assert details["backend"] == "hbackup"
    assert (details["action"], details["effective_action"]) == (action, action)
    assert details["command"] == ["hbackup", *WORDS[action]]
    assert details["exit_code"] == 0
    assert details["stdout"] == ""
    assert details["stderr"].startswith("Found 42 files\n")


@pytest.mark.parametrize("action", PREVIEWS)
def test_a_dry_run_runs_only_what_changes_nothing(home: TaskHome, action: str) -> None:
    home.configure(hbackup={"action": action, **EVERYTHING})
    result = home.run("hbackup", "--dry-run")
    words = PREVIEWS[action]
    assert (result["dry_run"], result["returncode"]) == (True, 2)
    assert asked(home) == ([] if words is None else [words])
    assert result["details"]["dry_run_supported"] is (words is not None)
    expected = "backup" if action == "auto" else action
    assert result["details"]["effective_action"] == expected
    assert home.runs() == []


def test_without_configuration_it_makes_a_backup_and_reports_the_archive(home: TaskHome) -> None:
    home.configure()
    result = home.run("hbackup")
    details = result["details"]
    assert asked(home) == [["backup"]]
    assert details["archive_path"] == "/b/agents.tar.zst"
    assert (details["file_count"], details["archive_size"]) == (41, "1.2 MB")
    assert result["summary"] == "hbackup backup made /b/agents.tar.zst (41 files)"
    assert home.json("describe", "hbackup")["contract"]["idle_timeout_seconds"] == 1800


def test_the_files_that_it_found_are_reported_if_no_archive_was_made(home: TaskHome) -> None:
    home.configure()
    details = home.run("hbackup", "--dry-run")["details"]
    assert details["file_count"] == 42
    assert "archive_path" not in details


def test_a_failure_is_called_one(home: TaskHome) -> None:
    """The older program's summary of a failure was `hbackup backup completed (exit 3)`."""
    home.environ["STAND_IN_CODE"] = "3"
    home.configure(hbackup={"action": "auto"})
    result = home.run("hbackup")
    assert (result["status"], result["details"]["exit_code"]) == ("failed", 3)
    assert result["summary"].startswith("hbackup auto failed with exit 3: Backup complete")
    assert result["details"]["partial"] is True


@pytest.mark.parametrize("task", ["hbackup", "backup"])
def test_silence_ends_it_and_the_details_stay(home: TaskHome, task: str) -> None:
    (home.path / "hang").touch()
    tool = {"tool": "hbackup"} if task == "backup" else {}
    home.configure(**{task: {"idle_timeout_seconds": 1, **tool}})
    result = home.run(task)
    assert (result["status"], result["returncode"]) == ("timed_out", 1)
    details = result["details"]
    assert (details["timed_out"], details["idle_timeout_seconds"]) == (True, 1)
    assert details["backend"] == "hbackup"
    assert details["stderr"] == "Found 42 files\n"
    assert details["file_count"] == 42


def test_a_cancel_in_the_middle_says_what_may_be_left(home: TaskHome) -> None:
    (home.path / "hang").touch()
    home.configure(hbackup={"action": "auto"})
    process = home.start("run", "hbackup", "--json")
    wait_until(lambda: asked(home))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    (row,) = home.runs()
    assert row.status == "cancelled"
    assert "hbackup auto was stopped; what it was making may be unfinished" in row.summary
    assert row.details["partial"] is True


@pytest.mark.parametrize(
    ("command", "dry", "words"),
    [
        ("backup", False, BACKUP),
        ("backup", True, [*BACKUP, "--dry-run"]),
        ("auto", False, ["auto", "--z"]),
        ("auto", True, [*BACKUP, "--dry-run"]),
    ],
)
def test_backup_through_hbackup_has_all_that_is_configured(
    home: TaskHome, command: str, dry: bool, words: list[str]
) -> None:
    """The older program dropped `extra_args` with `hbackup_command: auto`."""
    shared = {key: EVERYTHING[key] for key in ("output", "excludes", "extra_args")}
    home.configure(backup={"tool": "hbackup", "hbackup_command": command, **shared})
    result = home.run("backup", *(["--dry-run"] if dry else []))
    assert result["returncode"] == (2 if dry else 0)
    assert asked(home) == [words]
    assert result["details"]["backend"] == "hbackup"


def test_a_program_elsewhere_may_be_named_by_its_path(home: TaskHome) -> None:
    (home.bin / "hbackup").rename(home.path / "other")
    home.configure(hbackup={"hbackup_bin": "~/other"}, backup={"tool": "hbackup"})
    assert home.run("hbackup")["details"]["command"][0] == f"{home.path}/other"
    assert home.run("backup")["summary"] == "hbackup not found on PATH"


WRONG: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("hbackup", {"action": "uplod"}, "must be one of", "did you mean `upload`?"),
    ("hbackup", {"drive": "yes"}, "must be `true` or `false`", "take the quotes away"),
    ("hbackup", {"output": ""}, "must be a path", None),
    ("hbackup", {"excludes": "x"}, "must be a list of patterns", None),
    ("hbackup", {"destination": "-x"}, "no `-` at its beginning", None),
    ("hbackup", {"idle_timeout_seconds": -1}, "0 or above, or null", None),
    ("hbackup", {"sorce": "/x"}, "no key `sorce`", None),
    ("backup", {"tool": "rclon"}, "must be one of", "did you mean `rclone`?"),
    ("backup", {"source": " "}, "must be a path", None),
    ("backup", {"remote": "-e sh"}, "no `-` at its beginning", None),
    ("backup", {"extra_args": ["a", 1]}, "must be text", "put it in quotes"),
    ("backup", {"hbackup_command": "upload"}, "must be one of `backup`, `auto`", None),
    ("backup", {"archive_name": "a/b"}, "a file name without `/`", None),
    ("backup", {"exclude": ["x"]}, "no key `exclude`", "did you mean `excludes`?"),
]


@pytest.mark.parametrize(("task", "entry", "sentence", "hint"), WRONG)
def test_a_mistake_is_reported_before_anything_runs(
    home: TaskHome, task: str, entry: dict[str, Any], sentence: str, hint: str | None
) -> None:
    """The older program read unknown keys of these tasks silently."""
    home.configure(**{task: entry})
    (problem,) = home.problems()
    assert sentence in problem.sentence
    assert problem.task == task
    assert problem.mark is not None
    if hint is not None:
        assert problem.hint == hint


def test_a_task_with_a_mistake_does_not_run(home: TaskHome) -> None:
    home.configure(hbackup={"excludes": "x"})
    assert home.run("hbackup")["error_code"] == "task.broken"
    assert asked(home) == []


def test_all_mistakes_are_reported_at_once(home: TaskHome) -> None:
    home.configure(backup={"tool": 1, "sourc": "/x", "retry": -1}, hbackup={"action": "x"})
    assert len(home.problems()) == 4


def test_an_input_that_a_command_cannot_read_is_not_taken_as_a_parameter(home: TaskHome) -> None:
    home.configure(hbackup={})
    result = home.run("hbackup", "--param", "action=upload")
    assert "has no input" in result["error"]
    assert "are in the config" in result["hint"]
    assert asked(home) == []

"""`docket new-task`: the task works at once, its test passes, and nothing is written over."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from docket.app.status.capabilities import capabilities
from docket.cli.selfdescription import forms
from tests.unit.app.documents import require_valid
from tests.unit.plugins.installation import Installation


def test_the_answer_of_new_task_has_the_keys_of_docket_cli(installed: Installation) -> None:
    made = installed.ask("new-task", "fetch-two", "--description", "Fetch two")
    require_valid("new-task", made)
    path = installed.task_dir / "fetch_two.py"
    test = installed.task_dir / "test_fetch_two.py"
    assert made == {
        "created": True,
        "task": "fetch-two",
        "class_name": "FetchTwoTask",
        "path": str(path),
        "next_steps": [
            f"Edit {path}",
            "docket describe fetch-two",
            "docket run fetch-two --dry-run",
        ],
        "test_path": str(test),
        "test_command": f"{installed.python} {test}",
        "warnings": [],
    }
    for file in (path, test):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(installed.task_dir.stat().st_mode) == 0o700


def test_a_new_task_works_at_once(installed: Installation) -> None:
    """In the older program the file that new-task wrote broke every command."""
    installed.ask("new-task", "fetch-two", "--description", "Fetch two")
    assert [t["name"] for t in installed.ask("list") if not t["broken"]].count("fetch-two") == 1
    assert installed.ask("describe", "fetch-two")["description"] == "Fetch two"
    preview = installed.ask("run", "fetch-two", "--dry-run", code=2)
    assert (preview["ok"], preview["summary"]) == (True, "Would greet world")
    outcome = installed.ask("run", "fetch-two")
    assert (outcome["ok"], outcome["summary"]) == (True, "Hello, world")
    events = installed.ask("events", outcome["run_id"])
    assert [event["event_type"] for event in events] == ["progress", "greeted", "progress"]
    assert installed.ask("check")["problems"] == []


@pytest.mark.parametrize("way", ["file", "unittest", "pytest"])
def test_the_test_beside_a_new_task_passes(installed: Installation, way: str) -> None:
    made = installed.ask("new-task", "fetch-two")
    words = {
        "file": [made["test_path"]],
        "unittest": ["-m", "unittest", "discover", "-s", str(installed.task_dir)],
        "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider", made["test_path"]],
    }[way]
    done = subprocess.run(
        [str(installed.python), *words],
        env=installed.environ,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout or "Ran 2 tests" in done.stderr


@pytest.mark.parametrize(
    "description",
    ['quotes " and \' and \\ and """', "$name ${x} %s {y}", "Zürich \u2013 日本", "\\", '"', ""],
)
def test_any_description_is_taken_as_it_is(installed: Installation, description: str) -> None:
    installed.ask("new-task", "fetch", "--description", description)
    told = installed.ask("describe", "fetch")["description"]
    assert told == " ".join(description.split())


@pytest.mark.parametrize("description", ["a\nb", "a\rb", "a\u2028b", "a\x1b[31mb", "a\x07"])
def test_a_description_of_more_than_a_line_is_refused(
    installed: Installation, description: str
) -> None:
    refusal = installed.ask("new-task", "fetch", "--description", description, code=1)
    assert refusal["error"] == "Task description must be a single line."
    assert os.listdir(installed.task_dir) == []


@pytest.mark.parametrize(
    "name",
    ["Bad_Name", "1x", "-x", "a_b", "a.b", "", "../x", "a/b", "x" * 101, "é", "a b", "x\n", "-"],
)
def test_a_name_that_is_none_is_refused_in_the_older_programs_words(
    installed: Installation, name: str
) -> None:
    refusal = installed.ask("new-task", "--", name, code=1)
    assert refusal["error"] == (
        "Task name must start with a lowercase letter and contain only lowercase letters, digits,"
        " and hyphens."
    )
    assert refusal["error_code"] == "task.name_refused"
    assert os.listdir(installed.task_dir) == []


def test_the_name_of_dockets_own_units_is_refused(installed: Installation) -> None:
    assert installed.ask("new-task", "maintenance", code=1)["error_code"] == "task.name_refused"


def test_only_force_writes_over_an_existing_file(installed: Installation) -> None:
    path = installed.drop_in("fetch.py", "# mine\n")
    refusal = installed.ask("new-task", "fetch", code=1)
    assert refusal["error"] == f"Task file already exists: {path}"
    assert (refusal["error_code"], refusal["path"]) == ("task.exists", str(path))
    assert path.read_text() == "# mine\n"
    assert os.listdir(installed.task_dir) == ["fetch.py"]
    installed.ask("new-task", "fetch", "--force")
    assert installed.ask("run", "fetch")["ok"]
    installed.ask("new-task", "fetch", "--force")


def test_a_test_that_is_there_is_kept(installed: Installation) -> None:
    path = installed.drop_in("test_fetch.py", "# mine\n")
    assert installed.ask("new-task", "fetch", code=1)["path"] == str(path)
    assert os.listdir(installed.task_dir) == ["test_fetch.py"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_planted_link_is_never_followed(installed: Installation, force: list[str]) -> None:
    target = installed.user_home / "target"
    (installed.task_dir / "fetch.py").symlink_to(target)
    installed.ask("new-task", "fetch", *force, code=0 if force else 1)
    assert not target.exists()
    assert (installed.task_dir / "fetch.py").is_symlink() != bool(force)


def test_a_directory_in_the_place_of_the_file_is_an_error_without_a_traceback(
    installed: Installation,
) -> None:
    (installed.task_dir / "fetch.py").mkdir()
    assert "cannot be written" in installed.ask("new-task", "fetch", "--force", code=1)["error"]


TAKEN = {
    "command": "tasks: {taken: {type: command, command: 'true'}}\n",
    "broken command": "tasks: {taken: {type: command, command: 'true', retry: many}}\n",
}


@pytest.mark.parametrize("kind", [*sorted(TAKEN), "drop-in", "entry point"])
def test_a_name_that_another_task_has_is_refused_even_by_force(
    installed: Installation, kind: str
) -> None:
    head = "from docket.task import BaseTask\nclass T(BaseTask):\n    name = 'taken'\n"
    if kind == "drop-in":
        installed.drop_in("other.py", head)
    elif kind == "entry point":
        installed.package("acme", "x = acme:T\n", acme=head)
    else:
        installed.config(TAKEN[kind])
    for words in (("new-task", "taken"), ("new-task", "taken", "--force")):
        refusal = installed.ask(*words, code=1)
        assert refusal["error_code"] == "task.exists"
        assert "There is a task 'taken' already" in refusal["error"]
    assert not (installed.task_dir / "taken.py").exists()


def test_an_entry_that_waits_for_its_class_gets_it(installed: Installation) -> None:
    installed.config("tasks: {fetch: {who: Ada, schedule: '@daily'}}\n")
    assert installed.ask("new-task", "fetch")["warnings"] == []
    assert installed.ask("run", "fetch")["summary"] == "Hello, Ada"


def test_a_config_that_the_new_task_cannot_work_with_is_a_warning(installed: Installation) -> None:
    installed.config("tasks: {fetch: {who: 5}}\n")
    (warning,) = installed.ask("new-task", "fetch")["warnings"]
    assert warning == "Task 'fetch' config key 'who' must be string"


def test_the_first_task_of_all_needs_no_config(installed: Installation) -> None:
    (installed.home / "config.yaml").unlink()
    installed.task_dir.rmdir()
    installed.ask("new-task", "fetch")
    assert stat.S_IMODE(installed.task_dir.stat().st_mode) == 0o700
    assert installed.ask("run", "fetch")["ok"]


def test_a_broken_config_is_reported_and_nothing_is_written(installed: Installation) -> None:
    installed.config("tasks: [\n")
    assert installed.ask("new-task", "fetch", code=1)["error_code"].startswith("config.")
    assert os.listdir(installed.task_dir) == []


def test_a_name_that_begins_with_test_is_a_task_like_any_other(installed: Installation) -> None:
    installed.ask("new-task", "test-mail")
    assert sorted(os.listdir(installed.task_dir)) == ["test_mail.py", "test_test_mail.py"]
    assert installed.ask("run", "test-mail")["ok"]


def test_the_text_for_people_names_the_new_task(installed: Installation) -> None:
    done = installed.run("new-task", "fetch")
    path = installed.task_dir / "fetch.py"
    assert done.stdout.splitlines()[0] == f"Created task 'fetch', class FetchTask, at {path}"
    assert "docket run fetch --dry-run" in done.stdout
    done = installed.run("--home", str(installed.home), "new-task", "other", "--json")
    assert json.loads(done.stdout)["next_steps"][1].startswith("docket --home ")


def test_capabilities_list_new_task() -> None:
    assert capabilities.__doc__
    assert "new-task" in [command.name for command in forms()]


def test_two_at_once_write_one_whole_task(installed: Installation, tmp_path: Path) -> None:
    del tmp_path
    started = [
        subprocess.Popen(
            [str(installed.python), "-m", "docket", "new-task", "fetch", "--json"],
            env=installed.environ,
            cwd="/",
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    codes = sorted((process.communicate(), process.returncode)[1] for process in started)
    assert codes == [0, 1, 1, 1]
    assert sorted(os.listdir(installed.task_dir)) == ["fetch.py", "test_fetch.py"]
    assert installed.ask("run", "fetch")["ok"]

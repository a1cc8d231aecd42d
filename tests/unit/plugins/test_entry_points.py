"""Tasks that installed packages register in the group `docket.tasks`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.unit.plugins.installation import Installation

HEAD = "from docket.task import BaseTask, TaskResult\n"
FETCH = (
    HEAD
    + """
class Fetch(BaseTask):
    name = "fetch"
    description = "Fetches"
    schema = {"url": {"type": "string", "required": True}}
    required_env = ["API_TOKEN"]
    network = True

    def run(self, config):
        print("fetching")
        return TaskResult(True, f"Fetched {config['url']}", {"module": __name__})

class Nameless(BaseTask):
    def run(self, config):
        return TaskResult(True, "Nameless ran")

class Outer:
    class Inner(BaseTask):
        name = "inner"
        def run(self, config):
            return TaskResult(True, "Inner ran")

helper = 5
"""
)


def names(installed: Installation) -> dict[str, bool]:
    """Return every task and whether it is broken."""
    return {task["name"]: task["broken"] for task in installed.ask("list")}


def test_a_registered_class_is_listed_described_and_run(installed: Installation) -> None:
    metadata = installed.package("acme-tasks", "fetch = acme:Fetch\n", acme=FETCH)
    installed.config("tasks: {fetch: {url: 'http://x', schedule: '@daily'}}\n")
    told = installed.ask("describe", "fetch")
    assert (told["description"], told["network"], told["required_env"]) == (
        "Fetches",
        True,
        ["API_TOKEN"],
    )
    assert told["sources"] == [
        str(installed.home / "config.yaml"),
        str(installed.packages / "acme.py"),
        str(metadata / "entry_points.txt"),
    ]
    outcome = installed.ask("run", "fetch", API_TOKEN="t")
    assert outcome["summary"] == "Fetched http://x"
    assert outcome["details"]["module"] == "acme"


def test_the_class_says_its_name_and_the_entry_point_only_if_it_has_none(
    installed: Installation,
) -> None:
    lines = "other-name = acme:Fetch\nnoname = acme:Nameless\ninner-x = acme:Outer.Inner\n"
    installed.package("acme-tasks", lines, acme=FETCH)
    installed.config("tasks: {fetch: {url: x}}\n")
    assert set(names(installed)) >= {"fetch", "noname", "inner"}
    assert "other-name" not in names(installed)
    assert installed.ask("run", "noname")["summary"] == "Nameless ran"
    assert installed.ask("run", "inner")["summary"] == "Inner ran"
    assert installed.ask("run", "noname", "--dry-run", code=2)["summary"] == "Would run noname"


def test_the_schema_and_the_required_variables_of_a_registered_class_are_enforced(
    installed: Installation,
) -> None:
    installed.package("acme-tasks", "fetch = acme:Fetch\n", acme=FETCH)
    installed.config("tasks: {fetch: {}}\n")
    refusal = installed.ask("run", "fetch", code=1)
    assert "Task 'fetch' missing required config key 'url'" in refusal["error"]
    installed.config("tasks: {fetch: {url: x}}\n")
    outcome = installed.ask("run", "fetch", code=1)
    assert outcome["summary"] == "Missing required environment variables: API_TOKEN"
    assert outcome["details"]["missing_env"] == ["API_TOKEN"]


BROKEN = [
    ("def f(:\n", "SyntaxError", ("bad.py", 1)),
    ("x = 1\nraise RuntimeError('at import')\n", "RuntimeError: at import", ("bad.py", 2)),
    ("import sys\nsys.exit(3)\n", "calls sys.exit", ("bad.py", 2)),
    ("\nimport no_such_module\n", "No module named 'no_such_module'", ("bad.py", 2)),
    ("import os\nos._exit(0)\n", "ended the process (exit code 0)", ("bad.py", 1)),
    ("Bad = 5\n", "Bad is not a class made from docket.task.BaseTask", ("bad.py", 1)),
    ("class Bad: pass\n", "Bad is not a class made from docket.task.BaseTask", ("bad.py", 1)),
    ("x = 1\n", "has no attribute 'Bad'", ("bad.py", 1)),
    (HEAD + "class Bad(BaseTask):\n  name = '../x'\n", "cannot be the name", ("bad.py", 1)),
    (HEAD + "class Bad(BaseTask):\n  inputs = 3\n", "`inputs` of its class", ("bad.py", 1)),
]


@pytest.mark.parametrize(("text", "words", "place"), BROKEN)
def test_a_broken_entry_point_breaks_itself_alone_and_says_where(
    installed: Installation, text: str, words: str, place: tuple[str, int]
) -> None:
    installed.package("bad-tasks", "bad = bad:Bad\n", bad=text)
    installed.package("acme-tasks", "noname = acme:Nameless\n", acme=FETCH)
    found = names(installed)
    assert (found["bad"], found["noname"]) == (True, False)
    assert installed.ask("run", "noname")["ok"]
    (problem,) = installed.ask("check", code=1)["problems"]
    assert words in problem["error"]
    assert "bad-tasks 1.0" in problem["error"]
    assert (Path(problem["file"]).name, problem["line"]) == place
    assert (problem["task"], problem["error_code"]) == ("bad", "task.broken")
    assert words in installed.ask("describe", "bad", code=1)["error"]
    assert words in str(installed.ask("capabilities"))
    (check,) = [
        c for c in installed.ask("doctor", code=1)["checks"] if c["check"] == "task_discovery"
    ]
    assert check["broken"] == ["bad"]


def test_an_entry_point_whose_package_is_gone_names_its_own_line(installed: Installation) -> None:
    metadata = installed.package("ghost", "ghost = ghost_tasks:Ghost\n")
    (problem,) = installed.ask("check", code=1)["problems"]
    assert problem["file"] == str(metadata / "entry_points.txt")
    assert problem["line"] == 5
    assert problem["hint"].startswith("upgrade ghost 1.0 or uninstall it")


@pytest.mark.parametrize(
    "line", ["x", "x =", "= a:B", "x = a", "x = a:", "x = :B", "x = a b:C", "x = a:1", "x = a..b:C"]
)
def test_an_entry_point_that_names_no_class_is_reported_with_its_line(
    installed: Installation, line: str
) -> None:
    installed.package("odd", f"# a comment\n{line}\nnoname = acme:Nameless\n", acme=FETCH)
    assert not names(installed)["noname"]
    (problem,) = installed.ask("check", code=1)["problems"]
    assert "names no class" in problem["error"]
    assert problem["line"] == 6


def test_what_an_entry_point_prints_when_imported_never_reaches_the_answer(
    installed: Installation,
) -> None:
    noise = "import os, sys\nprint('noise')\nos.write(1, b'noise')\nsys.stderr.write('noise')\n"
    installed.package("noisy", "noname = noisy:Nameless\n", noisy=noise + FETCH)
    done = installed.run("list", "--json")
    assert "noise" not in done.stdout + done.stderr
    assert installed.ask("run", "noname")["ok"]


def test_a_module_that_anybody_can_write_is_never_imported(installed: Installation) -> None:
    proof = installed.user_home / "imported"
    installed.package("evil", "evil = evil:Evil\n", evil=f"open({str(proof)!r}, 'w')\n")
    (installed.packages / "evil.py").chmod(0o666)
    (problem,) = installed.ask("check", code=1)["problems"]
    assert problem["error_code"] == "config.unsafe_permissions"
    assert problem["hint"] == f"chmod o-w {installed.packages / 'evil.py'}"
    assert not proof.exists()


def test_neither_pythonpath_nor_private_packages_register_tasks(
    installed: Installation, tmp_path: Path
) -> None:
    metadata = tmp_path / "evil-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[docket.tasks]\nevil = evil:Evil\n")
    (tmp_path / "evil.py").write_text(FETCH)
    done = installed.run("list", "--json", PYTHONPATH=str(tmp_path))
    assert "evil" not in done.stdout


ONE_NAME = HEAD + (
    "class Same(BaseTask):\n  name = 'same'\n"
    "  def run(self, config):\n    return TaskResult(True, __name__)\n"
)


def test_an_entry_point_wins_over_a_drop_in_and_a_command_with_warnings(
    installed: Installation,
) -> None:
    installed.package("acme-tasks", "same = acme:Same\n", acme=ONE_NAME)
    path = installed.drop_in("same.py", ONE_NAME)
    installed.config("tasks: {same: {type: command, command: 'false'}}\n")
    report = installed.ask("check")
    assert report["problems"] == []
    told = sorted(warning["error"] for warning in report["warnings"])
    winner = "the class acme:Same of acme-tasks 1.0"
    assert told == [
        f"the class Same in {path} is not used: {winner} has the same name",
        f"the task is {winner}; its `command` is not run",
    ]
    assert installed.ask("run", "same")["summary"] == "acme"


def test_two_packages_with_one_name_break_only_that_name(installed: Installation) -> None:
    installed.package("one", "same = one:Same\nnoname = acme:Nameless\n", one=ONE_NAME, acme=FETCH)
    installed.package("two", "same = two:Same\n", two=ONE_NAME)
    found = names(installed)
    assert (found["same"], found["noname"]) == (True, False)
    (problem,) = installed.ask("check", code=1)["problems"]
    assert "two classes are named `same`" in problem["error"]
    assert "one:Same of one 1.0" in problem["error"]


COUNTED = "open({log!r}, 'a').write('x')\n"


def counted(installed: Installation) -> Path:
    """Install a package that leaves a mark behind at each import."""
    log = installed.user_home / "imports"
    text = COUNTED.format(log=str(log)) + FETCH
    installed.package("acme-tasks", "noname = acme:Nameless\n", acme=text)
    return log


def test_an_entry_point_is_imported_once_until_its_package_changes(
    installed: Installation,
) -> None:
    log = counted(installed)
    for _ in range(3):
        installed.ask("list")
    assert log.read_text() == "x"
    with (installed.packages / "acme.py").open("a") as file:
        file.write("# changed\n")
    installed.ask("list")
    assert log.read_text() == "xx"
    installed.package("acme-tasks", "noname = acme:Nameless\n", version="2.0")
    installed.ask("list")
    assert log.read_text() == "xxx"
    installed.ask("list")
    assert log.read_text() == "xxx"


def test_a_run_obeys_the_upgraded_package_and_fails_if_it_is_gone(
    installed: Installation,
) -> None:
    installed.package("acme-tasks", "noname = acme:Nameless\n", acme=FETCH)
    assert installed.ask("run", "noname")["summary"] == "Nameless ran"
    changed = FETCH.replace(
        "class Nameless(BaseTask):",
        "class Nameless(BaseTask):\n    schema = {'x': {'required': True}}",
    )
    installed.package("acme-tasks", "noname = acme:Nameless\n", version="2.0", acme=changed)
    assert "missing required config key" in installed.ask("run", "noname", code=1)["error"]
    (installed.packages / "acme.py").unlink()
    (installed.packages / "acme-tasks-2.0.dist-info" / "entry_points.txt").unlink()
    assert installed.ask("run", "noname", code=1)["error_code"] == "task.unknown"


def test_an_endless_import_costs_its_deadline_once_and_breaks_only_itself(
    installed: Installation,
) -> None:
    endless = "while True: pass\n"
    installed.package("endless", "endless = endless:E\n", endless=endless)
    installed.package("acme-tasks", "noname = acme:Nameless\n", acme=FETCH)
    installed.drop_in("endless_too.py", endless)
    found = names(installed)
    assert (found["endless"], found["endless-too"], found["noname"]) == (True, True, False)
    begun = time.monotonic()
    report = installed.ask("describe", "endless", code=1)
    assert "still being imported after 10 s" in report["error"]
    assert time.monotonic() - begun < 9.5
    assert installed.ask("run", "noname")["ok"]

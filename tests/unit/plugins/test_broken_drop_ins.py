"""A wrong drop-in file breaks only its own task, in every command of a fresh installation.

The defects of the older program that these keep away: a single file in tasks_dir crashed every
command, one with a syntax error blocked every task, `sys.exit` in one ended the program with its
code, `print` in one spoiled the JSON, and one that anybody can write was imported anyway.
"""

from __future__ import annotations

import json

import pytest

from tests.unit.plugins.installation import Installation

HEAD = "from docket.task import BaseTask, TaskResult\n"
GOOD = HEAD + (
    "class Good(BaseTask):\n"
    "    name = 'good'\n"
    "    def run(self, config):\n"
    "        print('plain words')\n"
    "        return TaskResult(True, 'Good ran', {'n': 1})\n"
)
COMMANDS = [
    (("list",), 0),
    (("describe", "good"), 0),
    (("capabilities",), 0),
    (("run", "good"), 0),
    (("run", "good", "--dry-run"), 2),
    (("status",), 0),
    (("runs",), 0),
    (("next",), 0),
    (("install", "--list"), 0),
    (("check",), 0),
]
BROKEN = {
    "syntax_error.py": "def f(:\n",
    "raises.py": "raise RuntimeError('at import')\n",
    "exits.py": "import sys\nsys.exit(9)\n",
    "dies.py": "import os\nos._exit(3)\n",
    "prints.py": "import os, sys\nprint('noise')\nos.write(1, b'noise')\nraise ValueError\n",
    "nameless.py": HEAD + "class Nameless(BaseTask): pass\n",
    "twins.py": HEAD + "class A(BaseTask):\n  name = 'twin'\nclass B(BaseTask):\n  name = 'twin'\n",
}


def test_w1_a_drop_in_file_works_in_every_command(installed: Installation) -> None:
    """W1: with any .py file in tasks_dir every command of the older program crashed."""
    installed.drop_in("good.py", GOOD)
    for words, code in COMMANDS:
        done = installed.run(*words, "--json")
        assert done.returncode == code, (words, done.stdout, done.stderr)
        json.loads(done.stdout)
        assert "Traceback" not in done.stderr
        assert installed.run(*words).returncode == code


def test_broken_drop_ins_break_themselves_alone_in_every_command(
    installed: Installation,
) -> None:
    """In the older program one file with a syntax error blocked every task."""
    installed.drop_in("good.py", GOOD)
    for name, text in BROKEN.items():
        installed.drop_in(name, text)
    evil = installed.drop_in("writable.py", "raise ValueError\n", 0o606)
    found = {task["name"]: task for task in installed.ask("list")}
    wrong = {"syntax-error", "raises", "exits", "dies", "prints", "nameless", "twin", "writable"}
    assert {name for name, task in found.items() if task["broken"]} == wrong
    assert installed.ask("run", "good")["summary"] == "Good ran"
    report = installed.ask("check", code=1)
    assert {p["task"] for p in report["problems"]} == wrong
    for problem in report["problems"]:
        assert problem["file"].startswith(str(installed.task_dir))
        assert problem["line"] >= 1
        assert problem["hint"]
    unsafe = [p for p in report["problems"] if p["task"] == "writable"]
    assert unsafe[0]["error_code"] == "config.unsafe_permissions"
    assert unsafe[0]["hint"] == f"chmod go-w {evil}"
    done = installed.run("check")
    assert done.returncode == 1
    assert f"{installed.task_dir}/syntax_error.py:1:" in done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_drop_in_refuses_its_own_run_with_its_place(
    installed: Installation, name: str
) -> None:
    """In the older program sys.exit in a drop-in ended docket with that code."""
    installed.drop_in(name, BROKEN[name])
    task = "twin" if name == "twins.py" else name.removesuffix(".py").replace("_", "-")
    refusal = installed.ask("run", task, code=1)
    assert refusal["error_code"] == "task.broken"
    assert name in refusal["error"]


def test_print_in_a_task_never_reaches_json_on_standard_output(installed: Installation) -> None:
    """In the older program print() in a drop-in spoiled the JSON answer."""
    installed.drop_in("good.py", GOOD)
    done = installed.run("run", "good", "--json")
    assert json.loads(done.stdout)["details"] == {"n": 1}
    assert "plain words" in installed.run("run", "good").stdout


def test_a_test_beside_a_task_is_not_a_task(installed: Installation) -> None:
    installed.drop_in("good.py", GOOD)
    installed.drop_in("test_good.py", "raise SystemExit\n")
    installed.drop_in("conftest.py", "raise SystemExit\n")
    assert [task["name"] for task in installed.ask("list") if task["broken"]] == []
    assert installed.ask("run", "good")["ok"]


def test_a_class_cannot_take_the_name_of_dockets_own_units(installed: Installation) -> None:
    installed.drop_in("m.py", GOOD.replace("'good'", "'maintenance'"))
    (problem,) = installed.ask("check", code=1)["problems"]
    assert problem["error_code"] == "task.name_refused"

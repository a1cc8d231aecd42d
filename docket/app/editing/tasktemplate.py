"""The files that `docket new-task` writes: a task that works at once, and a test of it."""

from __future__ import annotations

from string import Template

_TASK = Template('''\
"""The Docket task $name."""

from __future__ import annotations

from typing import Any

from docket.task import BaseTask, TaskResult


class $class_name(BaseTask):
    name = "$name"
    description = $description
    inputs = {"who": "Whom to greet"}
    outputs = {"greeting": "What was said"}
    schema = {"who": {"type": "string", "required": False}}
    required_env: list[str] = []  # variables without which no run begins, such as "API_TOKEN"
    network = False  # whether it talks to other machines
    destructive = False  # whether it deletes, overwrites or spends what cannot be had back

    def run(self, config: dict[str, Any]) -> TaskResult:
        """Do the work. `config` is the task's entry in the config."""
        self.progress(0.0, "greeting")
        greeting = f"Hello, {config.get('who', 'world')}"
        print(greeting)  # goes to the log: docket logs
        self.event("greeted", greeting=greeting)  # goes to the record: docket events
        self.progress(1.0)
        return TaskResult(ok=True, summary=greeting, details={"greeting": greeting})

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Say what `run` would do, without doing it."""
        summary = f"Would greet {config.get('who', 'world')}"
        return TaskResult(ok=True, summary=summary, dry_run=True)
''')

_TEST = Template('''\
"""Tests of the task $name: $command"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from $module import $class_name


class Test$class_name(unittest.TestCase):
    def test_it_does_its_work(self):
        result = $class_name().run({"who": "Ada"})
        self.assertTrue(result.ok)
        self.assertEqual(result.details, {"greeting": "Hello, Ada"})

    def test_a_dry_run_says_what_would_be_done(self):
        result = $class_name().dry_run({})
        self.assertTrue(result.ok)
        self.assertTrue(result.dry_run)
        self.assertEqual(result.summary, "Would greet world")


if __name__ == "__main__":
    unittest.main()
''')


def task_text(name: str, class_name: str, description: str) -> str:
    """Return the text of a task file; `description` is any text of one line."""
    quoted = ascii(description) if not description.isprintable() else _quoted(description)
    return _TASK.substitute(name=name, class_name=class_name, description=quoted)


def test_text(name: str, class_name: str, module: str, command: str) -> str:
    """Return the text of the test beside it; `command` is how to run it."""
    return _TEST.substitute(name=name, class_name=class_name, module=module, command=command)


def _quoted(text: str) -> str:
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inside}"'

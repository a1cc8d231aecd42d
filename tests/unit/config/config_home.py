"""What tests of the configuration do with a home."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Sequence
from typing import Any

from docket.config.loader import load
from docket.model.problem import Problem
from docket.model.task.task import Config, Task
from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.paths import Paths, discover


class ConfigHome:
    """A home directory with a configuration that a test writes."""

    def __init__(self, user_home: str, directory: str) -> None:
        self.user_home = user_home
        self.directory = directory
        self.environ = {"HOME": user_home, "DATA": "/srv/data", "PATH": os.environ["PATH"]}

    @property
    def paths(self) -> Paths:
        return discover(self.environ)

    def write(self, text: str | bytes | dict[str, Any], mode: int = 0o600) -> str:
        """Write the configuration and return its path."""
        if isinstance(text, dict):
            text = json.dumps(text)  # JSON is YAML too
        data = textwrap.dedent(text).encode() if isinstance(text, str) else text
        path = self.paths.config
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        return path

    def write_task(self, name: str, text: str) -> str:
        """Write a drop-in file and return its path."""
        os.makedirs(self.paths.task_dir, mode=0o700, exist_ok=True)
        path = os.path.join(self.paths.task_dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        os.chmod(path, 0o600)
        return path

    def load(
        self,
        text: str | bytes | dict[str, Any],
        drop_ins: Sequence[TaskClass | BrokenTaskClass] = (),
    ) -> Config:
        """Return what the loader makes of `text`."""
        self.write(text)
        return load(self.paths, self.environ, drop_ins)

    def task(self, body: str, drop_ins: Sequence[TaskClass | BrokenTaskClass] = ()) -> Task:
        """Return the only task of a configuration that has to be right."""
        config = self.load(command_task(body), drop_ins)
        assert config.problems == ()
        return config.tasks["job"]

    def refused(self, body: str) -> Problem:
        """Return the only problem of a configuration with one command task."""
        config = self.load(command_task(body))
        (problem,) = config.problems
        assert "job" not in config.tasks
        return problem


def command_task(body: str) -> str:
    """Return a configuration with one command task; `body` are its further lines."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    command = "" if f"\n{lines}".find("\n    command:") >= 0 else "    command: /bin/true\n"
    return f"tasks:\n  job:\n    type: command\n{command}{lines}\n"


def place(problem: Problem) -> tuple[int, int]:
    """Return line and column of a problem."""
    assert problem.mark is not None
    return problem.mark.line, problem.mark.column

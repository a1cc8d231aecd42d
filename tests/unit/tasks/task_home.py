"""A home whose built-in tasks are run by the real command line, with programs of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import docket
from docket.config.loader import load
from docket.model.problem import Problem
from docket.paths import discover
from docket.store.reader import open_reader
from docket.tasks.builtin import BUILT_IN
from tests.warm import called

_SOURCE = Path(docket.__path__[0]).parent


class TaskHome:
    """A home directory, its configuration, and a `bin` that is first on PATH."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bin = path / "bin"
        self.bin.mkdir()
        self.docket = path / ".docket"
        self.docket.mkdir(mode=0o700)
        self.environ = {
            "HOME": str(path),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
        }

    def configure(self, **tasks: Any) -> None:
        """Write the configuration; `_` in a name means `-`."""
        named = {name.replace("_", "-"): task for name, task in tasks.items()}
        file = self.docket / "config.yaml"
        file.write_text(json.dumps({"tasks": named}))
        file.chmod(0o600)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the configuration."""
        return load(discover(self.environ), self.environ, BUILT_IN).problems

    def program(self, name: str, text: str) -> Path:
        """Put a program onto PATH."""
        file = self.bin / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def words(self, *arguments: str) -> list[str]:
        """Return the command line of `docket` with these arguments."""
        return [sys.executable, "-m", "docket", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `docket` and return the process."""
        return subprocess.Popen(
            self.words(*arguments),
            env={**self.environ, "PYTHONPATH": str(_SOURCE)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def json(self, *arguments: str) -> Any:
        """Return the document that `docket --json` prints; `returncode` is added to an object."""
        done = called(["--json", *arguments], self.environ, os.getcwd(), timeout=100)
        try:
            document = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(
                f"no JSON: {done.stdout[:2000]!r} {done.stderr[:2000]!r}"
            ) from None
        if isinstance(document, dict):
            document["returncode"] = done.returncode
        return document

    def run(self, task: str, *options: str) -> Any:
        """Run a task in the foreground and return its document."""
        return self.json("run", task, *options)

    def runs(self) -> list[Any]:
        """Return the rows of the history, the newest first."""
        if not (self.docket / "state.db").exists():
            return []
        with open_reader(str(self.docket / "state.db")) as reader:
            return list(reader.runs())

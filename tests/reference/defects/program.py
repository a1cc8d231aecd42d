"""The real program in a home of its own, called as a person or an agent calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.reference.published import require_published
from tests.warm import called

ROOT = str(Path(__file__).parents[3])


class Answer(NamedTuple):
    """What one call gave back."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


class Program:
    """`docket` with `path` as the person's home directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = path / ".docket"
        self.home.mkdir(parents=True, mode=0o700)
        self.environ = {
            "HOME": str(path),
            "PATH": f"{path}/bin:/usr/bin:/bin",
            "PYTHONPATH": ROOT,
            "LANG": "C.UTF-8",
        }
        self.config("tasks: {}\n")

    def config(self, text: str) -> None:
        """Write the config; {path} in it is the home directory."""
        file = self.home / "config.yaml"
        file.write_text(text.replace("{path}", str(self.path)))
        file.chmod(0o600)

    def task(self, keys: str, name: str = "job") -> None:
        """Write a config with one command task that has these keys, in YAML's flow style."""
        self.config(f"tasks:\n  {name}: {{type: command, {keys}}}\n")

    def file(self, name: str, text: str) -> Path:
        """Write a file below the home directory and return its path."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)
        path.chmod(0o700)
        return path

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Start a call and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "docket", *words],
            cwd=self.path,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def say(self, *words: str, timeout: float = 60) -> Answer:
        """Call the program; it never shows a traceback."""
        done = called(words, self.environ, self.path, timeout=timeout)
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        assert "Traceback" not in out + err, (words, out, err)
        if "--json" in words and "--follow" not in words:
            require_published(words, json.loads(out))
        return Answer(done.returncode, out, err)

    def ask(self, *words: str, timeout: float = 60) -> Any:
        """Call the program for JSON and return the document."""
        return self.say(*words, "--json", timeout=timeout).document

    def in_background(self, task: str = "job", *words: str) -> str:
        """Start a run in the background and return its id."""
        return str(self.ask("run", task, "--async", *words)["run_id"])

    def run_of(self, run_id: str) -> dict[str, Any]:
        """Return one run as the history has it."""
        found: dict[str, Any] = self.ask("status", "--run-id", run_id)
        return found

    def pid_in(self, name: str) -> int:
        """Return the process id that a task writes to a file, once it is there."""
        path = self.path / name
        return int(until(lambda: path.exists() and path.read_text().strip()))


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Return what the condition gives once it is true; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
    return found


def gone(pid: int) -> bool:
    """Whether a process is gone, or a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def mode_of(path: Path) -> int:
    """Return the permission bits of a file."""
    return os.stat(path).st_mode & 0o777

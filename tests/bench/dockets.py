"""The two programs that are compared, each with a home of the same tasks and its code compiled.

Docket runs on this machine's Python with the distribution's libraries, as a package would;
docket-cli 0.2.2 is installed from PyPI into an environment of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
DOCKET = [PYTHON, "-I", str(ROOT / "docket" / "libexec" / "docket")]


class Program(NamedTuple):
    """How to call one of the two, and the environment whose HOME it works in."""

    words: list[str]
    environ: dict[str, str]

    def call(self, *more: str) -> bytes:
        """Run one command and return what it printed."""
        line = [*self.words, *more]
        return subprocess.run(line, env=self.environ, capture_output=True, check=False).stdout

    @property
    def home(self) -> Path:
        """Where its state is."""
        return Path(self.environ["HOME"], ".docket")


def compile_docket() -> None:
    """Compile Docket's modules, so that no command that is counted does it."""
    line = [PYTHON, "-m", "compileall", "-q", str(ROOT / "docket")]
    subprocess.run(line, check=True)


def docket_cli(directory: Path) -> list[str]:
    """Install docket-cli 0.2.2 below `directory` and return how to call it.

    By its interpreter: valgrind follows no `#!`.
    """
    subprocess.run([PYTHON, "-m", "venv", str(directory)], check=True)
    python, script = (str(directory / "bin" / name) for name in ("python", "docket"))
    pip = [python, "-m", "pip", "install", "-q", "docket-cli==0.2.2"]
    subprocess.run(pip, check=True)
    subprocess.run([python, "-m", "compileall", "-q", str(directory / "lib")], check=False)
    return [python, script]


def both(directory: Path, peer: Sequence[str], tasks: Mapping[str, str]) -> tuple[Program, Program]:
    """Make a home for each program with the same tasks (name, YAML of its keys)."""
    ours = Program(DOCKET, _home_in(directory / "own", tasks))
    theirs = Program(list(peer), _home_in(directory / "old", tasks))
    ours.call("install")
    return ours, theirs


def _home_in(directory: Path, tasks: Mapping[str, str]) -> dict[str, str]:
    (directory / ".docket").mkdir(parents=True, mode=0o700)
    directory.chmod(0o700)
    config = directory / ".docket" / "config.yaml"
    lines = (f"  {name}: {{type: command, {keys}}}\n" for name, keys in tasks.items())
    config.write_text("tasks:\n" + "".join(lines))
    config.chmod(0o600)
    return {
        "HOME": str(directory),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "XDG_RUNTIME_DIR": str(directory / "none"),
    }


def runner_of(program: Program, task: str) -> list[str]:
    """Return the words that Docket's unit starts for a task."""
    return [PYTHON, "-IS", program.words[2], "exec", task]

"""The how-tos do what they say, as far as an empty home and no service manager can show it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.warm import called

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "howto.md").read_text()


def shell(title: str) -> list[str]:
    """Return the sh blocks of a section."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_a_restored_history_has_the_runs_of_the_copy(own_home: str) -> None:
    program = Path(own_home) / "docket"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m docket "$@"\n')
    program.chmod(0o700)
    environ = {"HOME": own_home, "PATH": f"{own_home}:/usr/bin:/bin"}

    def runs() -> list[str]:
        done = called(["--json", "runs"], environ, own_home)
        return [run["run_id"] for run in json.loads(done.stdout)]

    called(["add", "report", "--", "/bin/echo", "done"], environ, own_home)
    copy, restore = shell("Back up and restore the history")
    assert called(["run", "report"], environ, own_home).returncode == 0
    subprocess.run(["sh", "-eu", "-c", copy], env=environ, check=True, capture_output=True)
    before = runs()
    assert called(["run", "report"], environ, own_home).returncode == 0
    assert len(runs()) == len(before) + 1
    subprocess.run(["sh", "-eu", "-c", restore], env=environ, check=True, capture_output=True)
    assert runs() == before


def test_a_run_in_another_home_needs_no_service_manager(own_home: str) -> None:
    environ = {"HOME": own_home, "PATH": "/usr/bin:/bin"}
    (line,) = shell("In a container")
    words = [word.replace("/data", own_home) for word in line.split()[1:]]
    home = words[: words.index("run")]
    called([*home, "add", "report", "--", "/bin/echo", "done"], environ, own_home)
    assert called(words, environ, own_home).returncode == 0


def test_an_install_without_a_difference_says_so_in_its_json(own_home: str) -> None:
    environ = {"HOME": own_home, "PATH": "/usr/bin:/bin"}
    called(["add", "report", "--schedule", "@daily", "--", "/bin/echo"], environ, own_home)
    first, second = (
        json.loads(called(["--json", "install"], environ, own_home).stdout) for _ in range(2)
    )
    named = re.findall(r"if `(\w+)`, `(\w+)` and `(\w+)` in its JSON", PAGE)[0]
    assert any(first[key] for key in named)
    assert [second[key] for key in named] == [[], [], []]

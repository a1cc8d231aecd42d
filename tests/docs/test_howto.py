"""The how-tos do what they say, as far as an empty home and no service manager can show it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warm import called

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "howto.md").read_text()


def shell(title: str) -> list[str]:
    """Return the sh blocks of a section."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


SECTIONS = [part.partition("\n") for part in PAGE.split("\n## ")[1:]]
CRONTAB = "30 2 * * * /usr/bin/rsync -a /srv/photos/ /mnt/backup/\n"
TASK = "tasks:\n  photos: {type: command, command: [/bin/true]}\n"
NEEDS_A_MANAGER = re.compile(r'code": ?"(systemd\.|run\.needs_systemd)')
RUNS_ELSEWHERE = {"In a container", "Back up and restore the history"}


def lines_of(section: str) -> list[list[str]]:
    """Return the docket commands of a section, in words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words[0] == "docket"]


@pytest.mark.parametrize("title", [title for title, _, _ in SECTIONS])
def test_the_commands_of_each_section_work_one_after_the_other(title: str, own_home: str) -> None:
    """Without a service manager: what needs one says so, in a sentence and with a code."""
    if title in RUNS_ELSEWHERE:
        return
    environ = {"HOME": own_home, "PATH": "/usr/bin:/bin", "TZ": "UTC"}
    section = next(text for name, _, text in SECTIONS if name == title)
    yaml = re.findall(r"^```yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    home = Path(own_home, ".docket")
    home.mkdir(mode=0o700)
    write(home / "config.yaml", TASK if not yaml else yaml[0])
    write(Path(own_home, "crontab.txt"), CRONTAB)
    for words in lines_of(section):
        known = ["photos" if word == "TASK" else word for word in words]
        known = [own_home + word[1:] if word.startswith("~/") else word for word in known]
        scope = [word for word in known if word != "--system"]
        done = called(["--json", *scope], environ, own_home, stdin=b"secret\n")
        said = done.stdout.decode()
        assert done.returncode == 0 or NEEDS_A_MANAGER.search(said), (words, said)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


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

"""The end of a run for which no disk has room is kept in the block that its lock file has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.paths import discover
from docket.runfiles import LOCK
from docket.store.reader import open_reader
from tests.unit.runner.runner_home import wait_until

CONFIG = """\
tasks:
  fill:
    type: command
    command: [/bin/sh, -c, "cat /dev/zero >$HOME/filler; cat /dev/zero >$HOME/rest; exit {code}"]
  fine: {{type: command, command: [/bin/true]}}
"""


class SmallMachine:
    """A home and a runtime directory on one small disk."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.runtime = disk / "run"
        self.runtime.mkdir(mode=0o700)
        self.environ = {
            "HOME": str(disk),
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.paths = discover(self.environ)

    def configure(self, code: int) -> None:
        path = Path(self.paths.config)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(CONFIG.format(code=code))
        path.chmod(0o600)

    def docket(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "docket", *words]
        return subprocess.run(line, env=self.environ, capture_output=True, text=True, check=False)

    def make_room(self) -> None:
        for name in ("filler", "rest"):
            (self.disk / name).unlink(missing_ok=True)

    def kept(self) -> list[Path]:
        return sorted(Path(self.paths.lock_dir).rglob(f"*{LOCK}"))

    def ends(self) -> list[tuple[str, str | None]]:
        with open_reader(self.paths.state_db) as reader:
            return [(str(run.status), run.error_code) for run in reader.runs(task="fill")]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[SmallMachine]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    options = "size=2m,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)
    try:
        yield SmallMachine(disk)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize(("code", "end"), [(0, ("succeeded", None)), (7, ("failed", "exit_code"))])
def test_an_end_without_room_anywhere_is_known_once_there_is_room(
    machine: SmallMachine, code: int, end: tuple[str, str | None]
) -> None:
    machine.configure(code)
    machine.docket("run", "fine", "--launcher", "direct")
    done = machine.docket("run", "fill", "--launcher", "direct")
    assert done.returncode == min(code, 1)
    assert len([path for path in machine.kept() if path.parent.name == "runs"]) == 1
    machine.make_room()

    def known() -> bool:
        machine.docket("status")
        return machine.ends() == [end]

    wait_until(known)
    assert [path for path in machine.kept() if path.parent.name == "runs"] == []

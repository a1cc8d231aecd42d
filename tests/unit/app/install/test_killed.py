"""An install that is killed at any moment leaves whole files, and the next one finishes it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from docket.app.install.install import apply, preview
from tests.unit.app.install.conftest import NOW_US, Home
from tests.unit.app.install.kill_moments import Kept, count_moments, killed_at

MOMENTS = 200
BEFORE = {f"t{n}": '"0 3 * * *"' for n in range(5)}
AFTER = {f"t{n}": '"0 5 * * *"' if n % 2 else '"0 3 * * *"' for n in range(4)}
AFTER |= {f"new{n}": '"0 4 * * *"' for n in range(2)}
Files = Mapping[str, bytes]


def files(home: Home) -> dict[str, bytes]:
    """Return the contents of every unit and plan that has its name."""
    folders = (Path(home.paths.unit_dir), Path(home.paths.plan_dir))
    found = [path for folder in folders for path in folder.iterdir() if path.name[0] != "."]
    return {str(path): path.read_bytes() for path in found if path.suffix in _SUFFIXES}


_SUFFIXES = (".service", ".timer", ".json")


class Scene:
    """A home with installed, running timers and a config that is not installed yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder)
        self._copy = folder.with_name("copy")
        self._units = self._manager()
        self.home.tasks(**BEFORE)
        self.install()
        timers = [f"docket-{task}.timer" for task in BEFORE if task != "t1"]
        self._units.start_with(timers)
        self.running = self._units.running
        self.old = files(self.home)
        self.home.tasks(**AFTER)
        shutil.copytree(folder, self._copy, symlinks=True)

    def install(self) -> None:
        """Install everything, as the command does."""
        report = apply(self.home.session, preview(self.home.session))
        assert report.ok, report.problems

    def manager(self) -> Kept:
        """Ask the service manager again."""
        self._units = self._manager()
        self._units.recall()
        return self._units

    def reset(self) -> None:
        """Put everything back to before the install."""
        for name in (".config", ".docket", ".local", "manager"):
            target, source = self.folder / name, self._copy / name
            if target.is_dir():
                shutil.rmtree(target)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            elif source.exists():
                shutil.copy2(source, target)
        self.manager()

    def _manager(self) -> Kept:
        stamps = self.folder / ".local" / "share" / "systemd" / "timers"
        units = Kept(self.home.paths.unit_dir, str(stamps), NOW_US)
        units.path = str(self.folder / "manager")
        self.home.units = units
        return units


def require_whole(found: Files, old: Files, new: Files) -> None:
    """Each file is the old or the new one, and no unit is ahead of its plan."""
    for path, data in found.items():
        assert data in (old.get(path), new.get(path)), path
    for path in old.keys() & new.keys():
        assert path in found, path
    plans = {Path(path).stem: path for path in [*old, *new] if path.endswith(".json")}
    for path, data in found.items():
        task = Path(path).stem.removeprefix("docket-")
        if path.endswith(".json") or task == "maintenance":
            continue
        assert plans[task] in found, f"{path} has no plan"
        if data != old.get(path):
            assert found[plans[task]] == new[plans[task]], f"{path} is ahead of its plan"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)  # a kill is not a power cut
    folder = tmp_path / "home"
    folder.mkdir()
    return Scene(folder)


def as_new(found: Files) -> dict[str, bytes]:
    """Return units as they are; a plan names the identity of the config, which a copy changes."""
    return {path: data for path, data in found.items() if not path.endswith(".json")}


def test_a_killed_install_leaves_whole_files_and_the_next_one_finishes_it(scene: Scene) -> None:
    scene.reset()
    moments = count_moments(scene.install, scene.manager())
    new = files(scene.home)
    finished = scene.manager()
    running, definitions = finished.running, finished.definitions
    assert moments >= MOMENTS, "each is another moment"
    for number in range(MOMENTS):
        scene.reset()
        # The identity of the config is in each plan: what is new is known after the repair.
        assert killed_at(1 + number * moments // MOMENTS, scene.install, scene.manager())
        torn = files(scene.home)
        scene.manager()
        scene.install()
        scene.home.units.keep()  # type: ignore[attr-defined]
        repaired = files(scene.home)
        require_whole(torn, scene.old, repaired)
        assert as_new(repaired) == as_new(new), number
        manager = scene.manager()
        assert manager.running == running, number
        assert manager.definitions == definitions, number
        left = [n for n in os.listdir(scene.home.paths.unit_dir) if n.endswith(".new")]
        assert left == [], number


def test_installs_at_once_serialise(tmp_path: Path) -> None:
    """Each of four processes does all of its renames before the next one does its first."""
    home = Home(tmp_path)
    home.tasks(**BEFORE)
    home.install()
    home.tasks(**AFTER)
    record = tmp_path / "renames"
    gate = tmp_path / "gate"
    children = [_installing(home, record, gate, f"t{n}") for n in range(4)]
    gate.touch()
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    order = record.read_text().split()
    turns = [pid for at, pid in enumerate(order) if at == 0 or order[at - 1] != pid]
    assert len(turns) == len(set(turns)) > 1
    home.install()
    assert not preview(home.session).dirty


def _installing(home: Home, record: Path, gate: Path, task: str) -> int:
    """Start a process that installs one task once the gate is open, and notes its renames."""
    child = os.fork()
    if child:
        return child
    try:
        real = os.replace

        def noted(source: str, target: str) -> None:
            time.sleep(0.005)
            with record.open("a") as file:
                file.write(f"{os.getpid()}\n")
            real(source, target)

        os.replace = noted  # type: ignore[assignment]
        while not gate.exists():
            time.sleep(0.001)
        home.install(task)
        os._exit(0)
    finally:
        os._exit(70)

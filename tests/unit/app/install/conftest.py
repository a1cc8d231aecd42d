"""A home with a config, a unit directory and a service manager in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.install.install import apply, preview
from docket.app.install.plan import InstallReport
from docket.app.session.session import Session
from docket.paths import discover
from tests.contract.fake_units import FakeUnits

NOW_US = 1_795_000_000_000_000  # 2026-11-18


class Home:
    """One user's home, its manager, and what a user does with both."""

    def __init__(self, folder: Path, name: str = ".docket") -> None:
        self.folder = folder
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.environ = {
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "XDG_RUNTIME_DIR": str(runtime),
        }
        if name != ".docket":
            self.environ["DOCKET_HOME"] = str(folder / name)
        self.paths = discover(self.environ)
        os.makedirs(self.paths.home, mode=0o700, exist_ok=True)
        stamps = folder / ".local" / "share" / "systemd" / "timers"
        self.units = FakeUnits(self.paths.unit_dir, str(stamps), NOW_US)
        self.session = Session(
            self.paths,
            self.environ,
            lambda: NOW_US,
            lambda: self.units,
            cgroup_root=str(folder / "cgroup"),
        )

    def configure(self, text: str) -> None:
        """Write the config, with a time of change of its own."""
        path = Path(self.paths.config)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def tasks(self, **schedules: str) -> None:
        """Configure one command task for each schedule."""
        lines = ["tasks:"]
        for name, schedule in schedules.items():
            lines += [f"  {name}:", "    type: command", "    command: [/bin/true]"]
            lines += [f"    schedule: {schedule}"] if schedule else []
        self.configure("\n".join(lines) + "\n")

    def install(
        self, *names: str, force: bool = False, now: bool = False, linger: bool = False
    ) -> InstallReport:
        """Preview and apply."""
        plan = preview(self.session, names, force=force)
        return apply(self.session, plan, start_timers=now, linger=linger)

    def plans(self) -> list[str]:
        """Return the names of the plan files."""
        return sorted(
            n for n in os.listdir(self.paths.plan_dir) if n.endswith(".json") and n[0] != "."
        )

    def unit(self, name: str) -> Path:
        """Return where the unit file `name` is."""
        return Path(self.paths.unit_dir, name)

    def unit_files(self) -> list[str]:
        """Return the names of the tasks' files in the unit directory."""
        if not os.path.isdir(self.paths.unit_dir):
            return []
        names = os.listdir(self.paths.unit_dir)
        return sorted(n for n in names if ".target.wants" not in n and "maintenance" not in n)

    def stamp(self, timer: str) -> Path:
        """Return where the stamp of `timer` is."""
        return Path(self.units.stamp_dir, f"stamp-{timer}")

    def age_stamp(self, timer: str) -> float:
        """Set the stamp to long ago and return that time."""
        os.utime(self.stamp(timer), (1_000_000_000, 1_000_000_000))
        return 1_000_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty default home."""
    return Home(tmp_path)

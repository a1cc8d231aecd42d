"""An interpreter of its own with Docket and packages installed, and the real commands in it."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import textwrap
import venv
from pathlib import Path
from typing import Any

import docket
from tests.warm import Warm

CHECKOUT = Path(docket.__path__[0]).parent


class Installation:
    """A virtual environment that sees this checkout and what the tests run on."""

    def __init__(self, path: Path, user_home: str, warm: Warm) -> None:
        """`warm` is a server of its interpreter."""
        self._warm = warm
        self.user_home = Path(user_home)
        self.home = self.user_home / ".docket"
        self.task_dir = self.home / "tasks"
        self.path = path
        self.python = path / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = path / "lib" / version / "site-packages"
        self.environ = {
            "HOME": user_home,
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
            "LANG": "C.UTF-8",
        }
        self.task_dir.mkdir(mode=0o700, parents=True)
        self.home.chmod(0o700)
        self.config("tasks: {}\n")

    def config(self, text: str) -> None:
        """Write the config."""
        file = self.home / "config.yaml"
        file.write_text(textwrap.dedent(text))
        file.chmod(0o600)

    def drop_in(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a drop-in file."""
        file = self.task_dir / name
        file.write_text(textwrap.dedent(text))
        file.chmod(mode)
        return file

    def package(self, name: str, entry_points: str, version: str = "1.0", **modules: str) -> Path:
        """Install a package as pip would: its modules and its metadata; return the latter's place.

        `entry_points` are the lines of the group `docket.tasks`.
        """
        for module, text in modules.items():
            (self.packages / f"{module}.py").write_text(textwrap.dedent(text))
        for old in self.packages.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        metadata = self.packages / f"{name}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        lines = "[console_scripts]\nx = x:y\n\n[docket.tasks]\n" + textwrap.dedent(entry_points)
        (metadata / "entry_points.txt").write_text(lines)
        return metadata

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of this installation to its end."""
        done = self._warm.called(words, {**self.environ, **environ}, "/")
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def ask(self, *words: str, code: int = 0, **environ: str) -> Any:
        """Run a command with --json and return the document; it has to end with `code`."""
        done = self.run("--json", *words, **environ)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout)


def make_interpreter(path: Path) -> None:
    """Make a virtual environment that imports this checkout and the libraries it needs."""
    venv.create(path, with_pip=False, symlinks=True)
    (packages,) = path.glob("lib/python*/site-packages")
    lines = [str(CHECKOUT), *site.getsitepackages()]
    lines += [entry for entry in sys.path if entry.endswith("-packages")]
    (packages / "checkout.pth").write_text("\n".join(dict.fromkeys(lines)) + "\n")

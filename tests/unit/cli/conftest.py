"""The real command line, in this process for speed or in one of its own."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from docket.cli import main


class Told(NamedTuple):
    """The outcome of one call of docket."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document that standard output holds, and nothing beside it."""
        return json.loads(self.out)


Docket = Callable[..., Told]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path)


def environment_in(folder: Path) -> dict[str, str]:
    """Return an environment with a home of its own and neither bus nor terminal."""
    return {
        "HOME": str(folder),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "TZ": "UTC",
    }


@pytest.fixture
def docket(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Docket:
    """Call the command line in this process."""
    for name in list(os.environ):
        if name.startswith(("DOCKET_", "XDG_", "DBUS_")) or name in ("COLUMNS", "NO_COLOR"):
            monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def call(*argv: str) -> Told:
        capsys.readouterr()
        code = main(list(argv))
        return Told(code, *capsys.readouterr())

    return call


@pytest.fixture
def spawn(environ: dict[str, str]) -> Docket:
    """Call the command line as a process of its own, which takes bytes as arguments too."""

    def call(*argv: str | bytes, stdin: bytes = b"", **changes: str) -> Told:
        done = subprocess.run(
            [sys.executable, "-m", "docket", *argv],
            env={**environ, "PYTHONPATH": repository(), **changes},
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Told(
            done.returncode,
            done.stdout.decode(errors="surrogateescape"),
            done.stderr.decode(errors="surrogateescape"),
        )

    return call


def repository() -> str:
    """Return the directory that holds the package."""
    return str(Path(__file__).resolve().parents[3])


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    """Write the config of the test's home."""
    return functools.partial(write_config, tmp_path)


def write_config(folder: Path, text: str) -> Path:
    """Write the config of the user whose HOME is `folder`."""
    home = folder / ".docket"
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path

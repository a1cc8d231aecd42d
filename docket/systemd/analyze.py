"""systemd-analyze: what this machine's systemd makes of unit files and calendar expressions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from docket.errors import ToolMissingError

_TIMEOUT_SECONDS = 60.0
_LEVEL = re.compile(r"exposure level for \S{1,300}: ([0-9.]{1,8})")


def available() -> bool:
    """Whether systemd-analyze is installed."""
    return shutil.which("systemd-analyze") is not None


def exposure(service: str, *, user: bool) -> float:
    """Return how exposed the service of this text is, from 0 (tight) to 10, as systemd weighs it.

    ToolMissingError if it is not installed, or gives no figure.
    """
    with tempfile.TemporaryDirectory(prefix="docket-exposure-") as directory:
        path = os.path.join(directory, "weighed.service")
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(service)
        words = ["--no-pager", "security", "--offline=true", path]
        try:
            done = _run(words, directory, user=user)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            done = None
    found = _LEVEL.search(done.stdout.decode(errors="replace")) if done is not None else None
    if found is None:
        raise ToolMissingError(
            "systemd-analyze does not say how exposed the unit is.",
            hint="It comes with systemd itself.",
        )
    return float(found[1])


def verify(files: Sequence[str], *, user: bool) -> list[str]:
    """Return what systemd says about unit files at the paths `files`: no line, no doubt.

    Its exit code is not asked: it is 0 for unknown keys and refused values. ToolMissingError if
    it is not installed.
    """
    words = ["--man=no", "--recursive-errors=no", "verify", *files]
    with tempfile.TemporaryDirectory(prefix="docket-verify-") as runtime:
        try:
            done = _run(words, runtime, user=user)
        except FileNotFoundError:
            raise ToolMissingError(
                "systemd-analyze is not installed.", hint="It comes with systemd itself."
            ) from None
        except subprocess.TimeoutExpired:
            return [f"systemd-analyze did not end within {_TIMEOUT_SECONDS:.0f} seconds"]
    text = done.stderr.decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def verify_texts(units: Mapping[str, str], *, user: bool) -> list[str]:
    """Return what systemd says about unit files with these names and texts; see `verify`.

    Paths in the answer are cut down to the file's name.
    """
    with tempfile.TemporaryDirectory(prefix="docket-units-") as directory:
        paths = []
        for name, text in units.items():
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            paths.append(path)
        return [line.replace(directory + "/", "") for line in verify(paths, user=user)]


def _run(words: Sequence[str], runtime: str, *, user: bool) -> subprocess.CompletedProcess[bytes]:
    """Run systemd-analyze in a runtime directory, without which the user flavour does not work."""
    return subprocess.run(
        ["systemd-analyze", "--user" if user else "--system", *words],
        env={**os.environ, "XDG_RUNTIME_DIR": runtime, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )

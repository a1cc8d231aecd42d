"""A copy of the checkout that may be changed, and its tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conftest import processes_in
from tests.mutants.mutations import Mutation
from tests.mutants.sample import ROOT

TEST_SECONDS = 90  # a single test that takes longer hangs
STAGE_SECONDS = 900


class Tree:
    """Every interpreter of its tests imports this copy, never the checkout."""

    def __init__(self, folder: Path) -> None:
        ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
        self._folder = folder
        self._temporary = folder.parent / f"{folder.name}-tmp"
        for name in (".venv", ".venv-mcp"):
            if (ROOT / name).exists():
                _environment(ROOT / name, folder)

    @contextlib.contextmanager
    def changed(self, path: str, mutation: Mutation) -> Iterator[None]:
        """Have the mutation in the file for a while."""
        file = self._folder / path
        text = file.read_text(encoding="utf-8")
        file.write_text(mutation.applied(text), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(text, encoding="utf-8")

    def first_failure(self, tests: Sequence[str], ignored: Sequence[str]) -> str | None:
        """Return the first test that fails; `hung` or `broken` if none can be named."""
        words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        words += [f"--ignore={self._folder / name}" for name in ignored]
        words += [f"--basetemp={self._temporary}", "-o", f"faulthandler_timeout={TEST_SECONDS}"]
        words += ["-o", "faulthandler_exit_on_timeout=true"]
        try:
            done = subprocess.run(
                [str(self._folder / ".venv/bin/python"), *words],
                cwd=self._folder,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=STAGE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "hung"
        finally:
            self._end_processes()
        return _failed(done.stdout) or ("hung" if done.returncode not in (0, 5) else None)

    def _end_processes(self) -> None:
        for pid in processes_in(str(self._temporary)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _environment(original: Path, folder: Path) -> None:
    """Make a virtual environment with the modules of the original, but for the checkout itself."""
    made = folder / original.name
    command = [str(original / "bin/python"), "-m", "venv", "--without-pip"]
    if "system-site-packages = true" in (original / "pyvenv.cfg").read_text(encoding="utf-8"):
        command.append("--system-site-packages")
    subprocess.run([*command, str(made)], check=True)
    modules = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    (made / modules / "tree.pth").write_text(f"{folder}\n{original / modules}\n", encoding="utf-8")
    for script in (original / "bin").iterdir():
        target = made / "bin" / script.name
        if not target.exists() and script.name.startswith("docket"):
            text = script.read_text(encoding="utf-8")
            target.write_text(text.replace(str(original), str(made)), encoding="utf-8")
            target.chmod(0o755)


def _failed(output: str) -> str | None:
    """Return the test function that failed first; parameters may hold anything, so without them."""
    lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return lines[0].split(" ")[1].partition("[")[0] if lines else None

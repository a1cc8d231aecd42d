"""What the commands that show things load once a home is installed: modules, not milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import docket

ROOT = docket.__path__[0].rsplit("/", 1)[0]
TASK = "tasks:\n  one:\n    type: command\n    command: [/bin/true]\n    schedule: '0 3 * * *'\n"
# YAML, the schema and everything that reads a config; what runs and probes tasks in Python; click,
# with what only it needs (a fifth to a quarter of such a call).
HEAVY = (
    *("yaml", "jsonschema", "docket.config.tasks", "docket.config.loader", "concurrent.futures"),
    *("click", "inspect", "gettext", "threading", "urllib.parse"),
)
READERS = (["status"], ["list"], ["runs"], ["health"], ["describe", "one"], ["status", "one"])


def _docket(home: Path, *words: str) -> set[str]:
    code = (
        f"import sys; bare = set(sys.modules); sys.path.append({ROOT!r}); "
        "from docket.cli import main; main(sys.argv[1:]); "
        "sys.stderr.write('\\n'); print(*set(sys.modules) - bare, file=sys.stderr)"
    )
    environ = {"HOME": str(home), "PATH": os.defpath, "XDG_RUNTIME_DIR": str(home)}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *words],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one task, installed as far as that goes without a service manager."""
    home = tmp_path_factory.mktemp("home")
    (home / ".docket").mkdir(mode=0o700)
    config = home / ".docket" / "config.yaml"
    config.write_text(TASK, encoding="utf-8")
    config.chmod(0o600)
    _docket(home, "install")
    _docket(home, "run", "one")
    return home


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_plain_reader_loads_nothing_heavy_once_its_home_is_installed(
    installed: Path, words: list[str]
) -> None:
    loaded = _docket(installed, *words)
    assert "docket.cli.entry" in loaded
    assert sorted(loaded & set(HEAVY)) == []


@pytest.mark.parametrize("words", [["status"], ["list"], ["runs"], ["status", "one"]], ids=" ".join)
def test_what_shows_installed_timers_loads_no_reader_of_schedules(
    installed: Path, words: list[str]
) -> None:
    loaded = _docket(installed, *words)
    assert sorted(loaded & {"docket.schedule.translate", "docket.app.fires.forecast"}) == []


def test_a_plain_start_in_a_unit_loads_nothing_heavy_and_nothing_of_other_starts() -> None:
    modules = ("docket.cli.entry", "docket.cli.answers.background", "docket.systemd.units")
    code = (
        f"import sys; bare = set(sys.modules); sys.path.append({ROOT!r}); "
        f"import {', '.join(modules)}, docket.systemd.bus; print(*set(sys.modules) - bare)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    elsewhere = {"docket.app.record.reconcile", "docket.app.runs.detached", "docket.app.runs.run"}
    loaded = set(done.stdout.split())
    assert loaded > set(modules)
    assert sorted(loaded & {*HEAVY, *elsewhere, "docket.systemd.unitvariables", "socket"}) == []

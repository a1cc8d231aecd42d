"""How often a command opens the record of runs, and how long it waits for it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket, repository

TASKS = """
tasks:
  good: {type: command, command: [echo, hello], schedule: "@daily"}
  bad: {type: command, command: [sh, -c, "echo no >&2; exit 3"], schedule: "@hourly"}
"""
# Runs a command and prints, as JSON, the timeout of each connection that it made to the store.
COUNTING = """
import _sqlite3, json, sqlite3, sys
from docket.__main__ import main

real, opened = sqlite3.connect, []

def connect(path, *more, timeout=5.0, **named):
    if "state.db" in str(path):
        opened.append(timeout)
    return real(path, *more, timeout=timeout, **named)

sqlite3.connect = _sqlite3.connect = connect
try:
    main()
finally:
    print("\\n" + json.dumps(opened), file=sys.stderr)
"""


@pytest.fixture
def opened(environ: dict[str, str]) -> Callable[..., list[float]]:
    """Return the timeouts, in seconds, with which a command opens the store, in order."""

    def count(*argv: str) -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", COUNTING, *argv],
            env={**environ, "PYTHONPATH": repository()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        found: list[float] = json.loads(done.stderr.splitlines()[-1])
        return found

    return count


@pytest.fixture
def home(tmp_path: Path, config: Callable[[str], Path], docket: Docket) -> Path:
    """A home in which one task ran well and one failed."""
    config(TASKS)
    docket("run", "good")
    docket("run", "bad")
    return tmp_path / ".docket"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "bad"),
        ("runs",),
        ("describe", "bad"),
        ("why", "good"),
        ("why", "bad"),
        ("list",),
        ("health",),
        ("next",),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("home")
def test_a_command_opens_the_record_once(
    opened: Callable[..., list[float]], words: tuple[str, ...]
) -> None:
    assert len(opened(*words)) == 1


@pytest.mark.parametrize("command", ["status", "runs", "list"])
def test_a_reader_waits_two_seconds_at_most_for_a_locked_record(
    opened: Callable[..., list[float]], home: Path, docket: Docket, command: str
) -> None:
    holder = sqlite3.connect(home / "state.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE task_state SET consecutive_failures = 0")
    try:
        docket("run", "good")
        assert list((home / "spool").iterdir())  # which a reader tries to merge first
        waits = opened(command)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert 0 < sum(waits) <= 2.0

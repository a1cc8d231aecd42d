"""Defects of docket-cli 0.2.2 in its record of runs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference.defects.program import Program, mode_of, until


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the database so that nobody else can write it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_database_that_others_hold_loses_no_run(docket: Program) -> None:
    docket.task(f'command: [sh, -c, "echo x >> {docket.path}/effects"]')
    docket.ask("run", "job")
    with locked(docket.home / "state.db"):
        answer = docket.say("run", "job", "--json")
    assert (answer.exit_code, answer.document["status"]) == (0, "succeeded")
    assert (docket.path / "effects").read_text() == "x\nx\n"
    assert len(docket.ask("runs")) == 2


def test_status_answers_while_somebody_writes(docket: Program) -> None:
    docket.task("command: 'true'")
    docket.ask("run", "job")
    with locked(docket.home / "state.db"):
        assert docket.say("status", "--json").exit_code == 0


@pytest.fixture
def full(docket: Program) -> Iterator[Program]:
    """Return a program whose home is on a full disk."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    docket.task(f'command: [sh, -c, "echo x >> {docket.path}/effects"]')
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(docket.home)]
    text = (docket.home / "config.yaml").read_text()
    subprocess.run(mount, check=True)
    docket.home.chmod(0o700)
    docket.config(text)
    docket.ask("run", "job")
    with contextlib.suppress(OSError), (docket.home / "ballast").open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()
    yield docket
    until(lambda: subprocess.run(["umount", str(docket.home)], check=False).returncode == 0)


def test_a_full_disk_stops_no_job_and_shows_no_traceback(full: Program) -> None:
    answer = full.say("run", "job", "--json")
    assert answer.document["status"] == "succeeded"
    assert (full.path / "effects").read_text() == "x\nx\n"
    for words in (("status",), ("runs",), ("doctor",)):
        assert full.say(*words, "--json").document is not None


def test_a_full_disk_refuses_a_task_that_was_never_compiled_with_a_reason(full: Program) -> None:
    full.environ["DOCKET_CONFIG"] = str(full.file("elsewhere.yaml", "tasks: {job: {}}"))
    (full.path / "elsewhere.yaml").write_text("tasks: {new: {type: command, command: echo}}\n")
    (full.path / "elsewhere.yaml").chmod(0o600)
    answer = full.say("run", "new", "--json")
    assert answer.exit_code == 1
    assert answer.document["error_code"] == "plan.unusable"
    assert "No space left" in answer.document["error"]


def test_a_broken_database_stops_no_job_and_shows_no_traceback(docket: Program) -> None:
    docket.task("command: 'true'")
    (docket.home / "state.db").write_bytes(b"this is not a database" * 100)
    assert docket.ask("run", "job")["status"] == "succeeded"
    answer = docket.say("runs", "--json")
    assert answer.exit_code == 1
    assert answer.document["error_code"].startswith("store.")
    checks = {c["check"]: c["status"] for c in docket.ask("doctor")["checks"]}
    assert checks["state_db"] == "error"


def test_a_place_that_cannot_be_written_stops_no_job(docket: Program) -> None:
    docket.config(
        "state_dir: /proc/nowhere/state.db\ntasks: {job: {type: command, command: 'true'}}\n"
    )
    assert docket.ask("run", "job")["status"] == "succeeded"
    assert docket.say("runs", "--json").document is not None


def test_reading_writes_nothing(docket: Program) -> None:
    docket.task("command: 'true'")
    docket.ask("run", "job")
    database = docket.home / "state.db"
    before = database.stat().st_mtime_ns, database.read_bytes()
    for words in (("status",), ("runs",), ("list",), ("capabilities",), ("health",)):
        docket.say(*words, "--json")
    assert (database.stat().st_mtime_ns, database.read_bytes()) == before


def test_private_files_are_only_for_their_owner(docket: Program) -> None:
    docket.task("command: [echo, x]")
    os.umask(0o022)
    docket.ask("run", "job")
    for path in docket.home.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert mode_of(path) == wanted, path

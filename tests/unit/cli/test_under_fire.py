"""Storage under fire: jobs run, records survive, and readers say what is wrong."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.model.runid import make_run_id
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from tests.unit.cli.conftest import Docket, repository

CONFIG = """
tasks:
  job: {type: command, command: [/bin/echo, said]}
"""
READERS = (("runs",), ("status",), ("status", "job"), ("why", "job"), ("db", "check"))
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
WRITER = """
import os, sys, time
from docket.model.runid import make_run_id
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.model.rows import RunRow
from docket.store.rows import write_events, write_run
connection = open_for_writing(sys.argv[1], 5.0)
print("ready", flush=True)
while True:
    now = time.time_ns() // 1000
    row = RunRow(run_id=make_run_id(now, os.urandom(4)), task="w", trigger="manual", started_at=now)
    with Transaction(connection):
        write_run(connection, row)
    with Transaction(connection):
        write_events(connection, row.run_id, [(n, now, None, "e", "{}") for n in range(1, 50)])
    row.status, row.finished_at, row.exit_code = "succeeded", now + 1, 0
    with Transaction(connection, durable=True):
        write_run(connection, row)
    print(row.run_id, flush=True)
"""


@pytest.fixture
def home(tmp_path: Path, spawn: Docket) -> Path:
    """A home with one run."""
    made = tmp_path / ".docket"
    made.mkdir(mode=0o700)
    (made / "config.yaml").write_text(CONFIG)
    (made / "config.yaml").chmod(0o600)
    assert spawn("run", "job").code == 0
    return made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own where the home will be; the runtime directory is on another."""
    (tmp_path / "run").mkdir(mode=0o700)
    place = tmp_path / ".docket"
    place.mkdir(mode=0o700)
    words = ["mount", "-t", "tmpfs", "-o", "size=600k,mode=0700", "tmpfs", str(place)]
    subprocess.run(words, check=True)
    try:
        (place / "config.yaml").write_text(CONFIG)
        (place / "config.yaml").chmod(0o600)
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def require_one_sentence(spawn: Docket, word: str) -> None:
    """Every reader says in one sentence what is wrong, ends with 1, and shows no traceback."""
    for words in READERS:
        told = spawn(*words)
        said = told.err or told.out
        assert told.code == 1, (words, told)
        assert word in said, (words, told)
        assert "Traceback" not in told.out + told.err
        if told.err:
            assert told.err.startswith("docket: ")
            assert len(told.err.splitlines()) <= 2, told.err  # the sentence and its hint


def statuses(spawn: Docket) -> list[str]:
    return [run["status"] for run in spawn("runs", "--json").document]


def test_a_corrupt_database_stops_readers_and_no_job(home: Path, spawn: Docket) -> None:
    (home / "state.db").write_bytes(b"garbage" * 4000)
    for name in ("state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
    require_one_sentence(spawn, "damaged")
    assert spawn("run", "job").code == 0
    assert len(list((home / "spool").glob("*.json"))) == 1
    assert spawn("db", "repair").code == 0
    assert statuses(spawn) == ["succeeded"]
    assert not list((home / "spool").iterdir())


def test_a_database_cut_short_is_repaired(home: Path, spawn: Docket) -> None:
    for _ in range(3):
        spawn("run", "job")
    path = home / "state.db"
    open_for_writing(str(path), 1.0).close()  # else all of it is still in the WAL
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 3 * 4096)
    assert spawn("db", "check").code == 1
    assert spawn("run", "job").code == 0
    repaired = spawn("db", "repair", "--json")
    assert repaired.code == 0, repaired
    assert spawn("db", "check").code == 0
    assert "succeeded" in statuses(spawn)


def test_a_locked_database_stops_readers_and_no_job(home: Path, spawn: Docket) -> None:
    holder = sqlite3.connect(home / "state.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE task_state SET consecutive_failures = 0")
    try:
        began = time.monotonic()
        assert spawn("run", "job").code == 0
        assert time.monotonic() - began < 30
        told = spawn("runs")
        assert (told.code, "locked" in told.err, "Traceback" in told.err) == (1, True, False)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert statuses(spawn) == ["succeeded"] * 2


@ROOT_ONLY
def test_a_full_disk_stops_no_job_and_loses_no_record(disk: Path, spawn: Docket) -> None:
    assert spawn("run", "job").code == 0
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    told = spawn("run", "job")
    assert (told.code, told.out.splitlines()[0]) == (0, "said")
    assert "Traceback" not in told.err
    backup = spawn("db", "backup", str(disk / "copy.db"))
    assert (backup.code, len(backup.err.splitlines()) <= 2) == (1, True)
    assert not list(disk.glob("copy*"))
    filler.unlink()
    assert statuses(spawn) == ["succeeded"] * 2
    assert spawn("db", "check").code == 0


@ROOT_ONLY
def test_a_read_only_disk_stops_no_job_and_loses_no_record(disk: Path, spawn: Docket) -> None:
    assert spawn("run", "job").code == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        told = spawn("run", "job")
        assert (told.code, told.out.splitlines()[0]) == (0, "said")
        for words in READERS:
            read = spawn(*words)
            assert read.code in (0, 1)
            assert "Traceback" not in read.out + read.err
            assert len(read.err.splitlines()) <= 2
        assert spawn("db", "backup", str(disk / "copy.db")).code == 1
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert statuses(spawn) == ["succeeded"] * 2


def test_a_writer_killed_at_any_instant_leaves_a_sound_database(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    chance = random.Random(4711)  # for instants, not for secrets
    told: list[str] = []
    for _ in range(25):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            env={**os.environ, "PYTHONPATH": repository()},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        told += [writer.stdout.readline().strip() for _ in range(chance.randrange(4))]
        time.sleep(chance.random() * 0.01)
        writer.send_signal(signal.SIGKILL)
        # A line may be torn by the kill; what was printed whole was on the disk before.
        told += [line.strip() for line in writer.communicate()[0].splitlines(keepends=True)]
    assert examine(str(path)).problems == ()
    with open_reader(str(path)) as reader:
        found = {run.run_id: run for run in reader.runs(limit=100_000)}
    assert len(told) > 25
    assert all(found[run_id].status == "succeeded" for run_id in told if len(run_id) == _LENGTH)


_LENGTH = len(make_run_id(0, b"1234"))

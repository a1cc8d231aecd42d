"""`docket db` as a user calls it."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from docket.paths import discover
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.rows import write_events
from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

CONFIG = """
tasks:
  lines: {type: command, command: [echo, '{"event": "a"}'], output_format: jsonl}
"""


@pytest.fixture
def store(docket: Docket, tmp_path: Path) -> Path:
    """A home with five runs, each with an event; the database's path."""
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text(CONFIG)
    (home / "config.yaml").chmod(0o600)
    for _ in range(5):
        assert docket("run", "lines").code == 0
    return home / "state.db"


def break_it(store: Path) -> None:
    open_for_writing(str(store), 1.0).close()  # else SQLite reads the first page from the WAL
    with store.open("r+b") as file:
        file.write(b"not SQLite any more")


def test_a_sound_database_is_said_to_be_so(docket: Docket, store: Path) -> None:
    told = docket("db", "check")
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{store}: sound, 5 runs.\n"
    assert require_valid("db", docket("db", "check", "--json").document)["runs"] == 5


def test_a_damaged_database_is_reported_in_a_sentence_with_the_next_step(
    docket: Docket, store: Path
) -> None:
    break_it(store)
    told = docket("db", "check")
    assert told.code == 1
    assert "is damaged" in told.out
    assert "docket db repair" in told.out
    document = require_valid("db", docket("db", "check", "--json").document)
    assert (document["ok"], document["runs"]) == (False, None)
    assert "docket db repair" in docket("runs").err


def test_a_backup_is_made_and_never_twice(docket: Docket, store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    document = require_valid("db", docket("db", "backup", str(copy), "--json").document)
    assert document["copy"] == str(copy)
    with open_reader(str(copy)) as reader:
        assert len(reader.runs()) == 5
    again = docket("db", "backup", str(copy), "--json")
    assert again.code == 1
    assert require_valid("error", again.document)["error_code"] == "store.backup_refused"
    assert store.exists()


def test_an_export_is_json_lines_with_an_end(docket: Docket, store: Path) -> None:
    told = docket("db", "export")
    records = [require_valid("db-export", json.loads(line)) for line in told.out.splitlines()]
    kinds = [record["record"] for record in records]
    assert kinds.count("run") == kinds.count("event") == 5
    assert records[-1] == {"record": "end", "records": len(records) - 2}
    assert docket("db", "export", "--format", "jsonl", "--json").out == told.out
    break_it(store)
    broken = docket("db", "export")
    assert (broken.code, "damaged" in broken.err) == (1, True)


def test_a_repair_keeps_the_broken_file_and_takes_in_what_was_spooled(
    docket: Docket, store: Path
) -> None:
    break_it(store)
    assert docket("run", "lines").code == 0  # the job runs, its record is spooled
    document = require_valid("db", docket("db", "repair", "--json").document)
    assert (document["repaired"], document["merged"]) == (True, 1)
    assert Path(document["kept"]).read_bytes().startswith(b"not SQLite")
    assert [run["status"] for run in docket("runs", "--json").document] == ["succeeded"]
    assert docket("db", "check").code == 0


def test_a_repair_of_a_sound_database_changes_nothing(docket: Docket, store: Path) -> None:
    before = store.stat().st_ino
    told = docket("db", "repair")
    assert (told.code, "nothing to repair" in told.out) == (0, True)
    assert store.stat().st_ino == before
    assert not list(store.parent.glob("*.broken-*"))


def test_nothing_is_repaired_under_a_run_that_goes_on(
    docket: Docket, store: Path, environ: dict[str, str]
) -> None:
    break_it(store)
    runs = Path(discover(environ).lock_dir) / "runs"
    lock = runs / "20260427T013000000000Z-ab12cd34.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = docket("db", "repair", "--json")
    assert told.code == 1
    assert require_valid("error", told.document)["error_code"] == "store.repair_refused"
    lock.unlink()
    assert docket("db", "repair").code == 0


def test_a_home_without_a_database_is_not_a_fault(docket: Docket) -> None:
    assert docket("db", "check").code == 0
    for words in (("db", "backup", "x"), ("db", "repair")):
        told = docket(*words)
        assert (told.code, "no database" in told.err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [("db",), ("db", "x"), ("db", "backup"), ("db", "check", "file"), ("db", "repair", "f")],
)
def test_a_wrong_call_is_a_usage_error(docket: Docket, words: tuple[str, ...]) -> None:
    told = docket(*words, "--json")
    assert (told.code, told.document["error_code"]) == (1, "usage")


def fill(store: Path, bytes_of_events: int) -> None:
    """Give the newest run events that take that much room."""
    with closing(open_for_writing(str(store), 1.0)) as connection, Transaction(connection):
        run_id = connection.execute("SELECT max(run_id) FROM runs").fetchone()[0]
        text = json.dumps({"event": "x" * 10_000})
        events: list[tuple[int, int, None, None, str]] = [
            (number, 1, None, None, text) for number in range(100, 100 + bytes_of_events // 10_000)
        ]
        write_events(connection, run_id, list(events))


def prune_events(store: Path) -> None:
    with closing(open_for_writing(str(store), 1.0)) as connection, Transaction(connection):
        connection.execute("DELETE FROM events WHERE event_index >= 100")


def test_compacting_gives_the_room_of_removed_runs_back(docket: Docket, store: Path) -> None:
    fill(store, 4_000_000)
    prune_events(store)
    document = require_valid("db", docket("db", "compact", "--json").document)
    assert document["bytes_before"] > 4_000_000
    assert document["bytes"] == store.stat().st_size < 400_000
    assert (document["complete"], document["path"]) == (True, str(store))
    told = docket("db", "compact")
    assert told.out == (
        f"Compacted {store}: from {document['bytes']} to {store.stat().st_size} bytes.\n"
    )
    assert docket("db", "check").out == f"{store}: sound, 5 runs.\n"
    assert sorted(path.name for path in store.parent.glob("etilqs*")) == []


def test_a_reader_holds_no_compaction_up(docket: Docket, store: Path) -> None:
    fill(store, 1_000_000)
    prune_events(store)
    with closing(sqlite3.connect(store, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        count = reader.execute("SELECT count(*) FROM runs").fetchone()
        document = require_valid("db", docket("db", "compact", "--json").document)
        assert document["complete"] is False
        assert reader.execute("SELECT count(*) FROM runs").fetchone() == count
    assert docket("maintain").code == 0
    assert store.stat().st_size < 400_000


@pytest.mark.parametrize("way", ["run", "lock"])
def test_nothing_is_compacted_while_somebody_writes(
    docket: Docket, store: Path, environ: dict[str, str], way: str
) -> None:
    fill(store, 1_000_000)
    prune_events(store)
    lock = Path(discover(environ).lock_dir) / "runs" / "20260427T013000000000Z-ab12cd34.lock"
    with lock.open("w") as held, closing(sqlite3.connect(store, isolation_level=None)) as writer:
        if way == "run":
            fcntl.flock(held, fcntl.LOCK_EX)
        else:
            writer.execute("BEGIN IMMEDIATE")
        refused = docket("db", "compact", "--json")
    error = require_valid("error", refused.document)
    assert (refused.code, error["error_code"]) == (1, "store.compact_refused")
    assert ("under way" if way == "run" else "locked") in error["error"]
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 200


def test_a_disk_with_too_little_room_is_named_before_anything_is_written(
    docket: Docket, store: Path
) -> None:
    small = store.parent / "small"
    small.mkdir(mode=0o700)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "docket-test", str(small)],
        check=False,
        capture_output=True,
    ).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        config = store.parent / "config.yaml"
        config.write_text(f"state_dir: {small}/state.db\n{CONFIG}")
        assert docket("run", "lines").code == 0
        fill(small / "state.db", 1_200_000)
        refused = docket("db", "compact", "--json")
        error = require_valid("error", refused.document)
        assert (refused.code, error["error_code"]) == (1, "store.compact_refused")
        assert "too little room" in error["error"]
        assert "docket doctor" in error["hint"]
        assert docket("db", "check").code == 0
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_database_of_another_user_is_not_compacted(docket: Docket, store: Path) -> None:
    before = store.read_bytes()
    os.chown(store, 65534, 65534)
    refused = docket("db", "compact", "--json")
    assert (refused.code, refused.document["error_code"]) == (1, "store.of_another")
    assert store.read_bytes() == before


def test_a_home_without_runs_has_nothing_to_compact(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    config(CONFIG)
    told = docket("db", "compact")
    assert told.code == 1
    assert "There is no database" in told.err

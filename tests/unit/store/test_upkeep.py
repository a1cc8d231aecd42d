"""Examining, copying, exporting and repairing a store."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.errors import StoreError
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.store.connection import Transaction
from docket.store.maintenance.backup import BackupRefusedError, backup
from docket.store.maintenance.export import TABLES, export
from docket.store.maintenance.repair import RepairRefusedError, rebuild
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.rows import write_events, write_run

SECOND = 1_000_000
BEGAN = 1_777_000_000 * SECOND
PAGE = 4096


def fill(path: Path, count: int, **values: Any) -> list[str]:
    """Record `count` runs with an event each, and return their ids."""
    connection = open_for_writing(str(path), 1.0)
    ids = []
    with Transaction(connection):
        for number in range(count):
            began = BEGAN + number * SECOND
            run_id = make_run_id(began, number.to_bytes(4, "big"))
            known = {
                "task": f"t{number % 7}",
                "trigger": "manual",
                "finished_at": began + SECOND,
                "status": "failed" if number % 3 else "succeeded",
                "exit_code": 0,
                "details": {"stdout": f"line {number} " * 20},
                **values,
            }
            write_run(connection, RunRow(run_id=run_id, started_at=began, **known))
            write_events(connection, run_id, [(1, began, None, "e", f'{{"n": {number}}}')])
            ids.append(run_id)
    connection.close()
    return ids


def smash(path: Path, pages: range) -> None:
    """Write nonsense over pages of a database that nobody has open."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(os.urandom(PAGE))


def states(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT * FROM task_state ORDER BY task").fetchall()


def test_a_sound_store_has_no_problem_and_counts_its_runs(tmp_path: Path) -> None:
    fill(tmp_path / "state.db", 20)
    found = examine(str(tmp_path / "state.db"))
    assert (found.problems, found.runs, found.exists) == ((), 20, True)
    assert examine(str(tmp_path / "none.db")).exists is False


def test_damage_is_reported_in_sentences(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 300)
    smash(path, range(20, 30))
    found = examine(str(path))
    assert found.problems
    assert all(problem.endswith(".") for problem in found.problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE runs SET status = 'odd'", "status that this Docket does not know"),
        ("UPDATE runs SET details = '{'", "damaged details"),
        ("UPDATE runs SET status = 'running'", "does not fit its end"),
        ("INSERT INTO attempts VALUES ('x', 1, 1, 1, 0, NULL, 'exit', 1, 1)", "belong to no run"),
    ],
)
def test_rows_that_docket_never_writes_are_found_and_repaired(
    tmp_path: Path, change: str, said: str
) -> None:
    path = tmp_path / "state.db"
    fill(path, 3)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER finished_runs_are_final")
        connection.execute(change)
    assert any(said in problem for problem in examine(str(path)).problems)
    rebuild(str(path), BEGAN)
    assert examine(str(path)).problems == ()


def test_a_backup_holds_what_was_committed_and_is_private(tmp_path: Path) -> None:
    path, copy = tmp_path / "state.db", tmp_path / "copy.db"
    ids = fill(path, 50)
    writer = open_for_writing(str(path), 1.0)
    with Transaction(writer):  # a run is being recorded meanwhile
        write_run(writer, RunRow(run_id="x", task="t", trigger="manual", started_at=BEGAN))
        assert backup(str(path), str(copy)) == copy.stat().st_size
    writer.close()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with open_reader(str(copy)) as reader:
        assert {run.run_id for run in reader.runs(limit=100)} == set(ids)
    assert sorted(p.name for p in tmp_path.glob("copy*")) == ["copy.db"]


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    fill(tmp_path / "state.db", 1)
    (tmp_path / "taken").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("taken", "link"):
        with pytest.raises(BackupRefusedError, match="not overwritten"):
            backup(str(tmp_path / "state.db"), str(tmp_path / name))
    assert (tmp_path / "taken").read_text() == "mine"
    with pytest.raises(BackupRefusedError, match="No such file"):
        backup(str(tmp_path / "state.db"), str(tmp_path / "no" / "copy"))


def test_a_damaged_store_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 300)
    smash(path, range(20, 30))
    with pytest.raises(StoreError, match="damaged"):
        backup(str(path), str(tmp_path / "copy"))
    assert not list(tmp_path.glob("copy*"))


def test_an_export_holds_every_table_and_ends_with_its_count(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 5)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO overrides VALUES ('t0', 'pause', ?, 1, 'r', 1)", (BEGAN,))
        connection.execute(
            "INSERT INTO audit VALUES (1, 2, 3, 4, 'cli', 'pause', 't0', '{\"a\": 1}')"
        )
        tables = {
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    records = list(export(str(path)))
    assert tables - {table for table, _, _ in TABLES} == {
        table for table in tables if table.startswith("sqlite_")
    }
    assert records[0]["record"] == "export"
    assert records[-1] == {"record": "end", "records": len(records) - 2}
    run = next(record for record in records if record["record"] == "run")
    assert run["started_at"] == "2026-04-24T03:06:40.000000+00:00"
    assert run["details"]["stdout"].startswith("line 0")
    assert run["dry_run"] is False
    event = next(record for record in records if record["record"] == "event")
    assert event["event"] == {"n": 0}
    override = next(record for record in records if record["record"] == "override")
    assert override["until"] == "2026-04-24T03:06:40.000000+00:00"


def test_a_store_that_is_not_there_exports_as_empty(tmp_path: Path) -> None:
    records = list(export(str(tmp_path / "none.db")))
    assert [record["record"] for record in records] == ["export", "end"]


def test_a_repair_saves_every_run_whose_page_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    ids = fill(path, 1500)
    pages = path.stat().st_size // PAGE
    smash(path, range(pages // 2, pages // 2 + 8))
    result = rebuild(str(path), BEGAN)
    assert len(ids) - 8 * 12 < result.runs <= len(ids)
    assert os.path.exists(result.kept)
    assert examine(str(path)).problems == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_reader(str(path)) as reader:
        found = reader.runs(limit=2000)
        assert {run.run_id for run in found} <= set(ids)
        assert all(run.details["stdout"].startswith("line ") for run in found)


def test_a_repair_reads_around_several_holes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    ids = fill(path, 3000)
    pages = path.stat().st_size // PAGE
    for part in (3, 5, 7):
        smash(path, range(pages * part // 9, pages * part // 9 + 2))
    assert rebuild(str(path), BEGAN).runs > len(ids) * 0.9
    assert examine(str(path)).problems == ()


def test_what_is_known_of_tasks_is_worked_out_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 100)
    before = states(path)
    rebuild(str(path), BEGAN)
    assert states(path) == before


def test_what_is_not_a_database_at_all_is_replaced_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"nothing of SQLite's" * 1000)
    result = rebuild(str(path), BEGAN)
    assert result.runs == 0
    assert Path(result.kept).read_bytes().startswith(b"nothing")
    assert examine(str(path)).problems == ()
    assert rebuild(str(path), BEGAN).kept == result.kept + "-2"


def test_the_journal_of_the_broken_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    writer = open_for_writing(str(path), 1.0)
    fill(path, 10)  # stays in the journal: the last connection is still open
    assert path.with_name("state.db-wal").stat().st_size > 0
    result = rebuild(str(path), BEGAN)
    writer.close()
    assert result.runs == 10
    assert os.path.exists(result.kept + "-wal")
    with open_reader(str(path)) as reader:
        assert len(reader.runs(limit=100)) == 10


def test_two_repairs_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    fill(path, 1)
    with (tmp_path / "state.db.repair-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RepairRefusedError, match="Another repair"):
            rebuild(str(path), BEGAN)
    assert rebuild(str(path), BEGAN).runs == 1


def test_one_lost_row_does_not_use_up_the_tries_for_the_others(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    text = "x" * 200
    with closing(open_for_writing(str(path), 1.0)) as connection, Transaction(connection):
        connection.executemany(
            "INSERT INTO audit (at, uid, verb, task, details) VALUES (?, 0, 'pause', ?, '{}')",
            [(number, f"t{number:03}{text}") for number in range(400)],
        )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    for number in (100, 300):  # no index leads to what is between two holes
        page = data.index(f"t{number:03}x".encode()) // PAGE
        smash(path, range(page, page + 1))
    rebuild(str(path), BEGAN)
    with closing(sqlite3.connect(path)) as connection:
        saved = {at for (at,) in connection.execute("SELECT at FROM audit WHERE verb = 'pause'")}
    assert set(range(120, 280)) <= saved < set(range(400))

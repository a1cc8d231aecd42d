"""No stored row keeps a reader from answering, and `db check` names what is wrong with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.store.connection import Transaction
from docket.store.fires import FireLedger
from docket.store.maintenance.repair import rebuild
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import Reader, open_reader
from docket.store.rows import write_attempts, write_events, write_hook
from tests.unit.store.test_store import row, store

_DEEP = "[" * 900 + "]" * 900
_ODD = ["text", b"\xff\x00", -(2**63), 2**63 - 1, 1.5, None, '{"a": ' + _DEEP + "}", "[1]", "{"]


def asked(reader: Reader) -> list[Any]:
    """Ask everything that commands ask."""
    found: list[Any] = [*reader.runs(), *reader.runs("job"), *reader.latest().values()]
    found += [reader.running(), reader.durations("job"), reader.all_consecutive_failures()]
    found += [*reader.samples("job", 9), *reader.good_samples("job", 9), reader.incidents()]
    for run in reader.runs():
        found += [*reader.events(run.run_id), *reader.attempts(run.run_id)]
        found += [*reader.hooks(run.run_id), reader.last_progress(run.run_id)]
    ledger = FireLedger(reader.connection)
    found += [ledger.spans("job", 0), ledger.standing("job", 2**62, 9), ledger.boot_spans(0)]
    return [*found, ledger.checked_until("job"), ledger.overrides("job")]


def damaged(path: Path, table: str, column: str, value: Any) -> str | None:
    """Make a store of two runs, the second with a damaged column; None if SQLite refuses it."""
    first, second = row(1), row(2)
    store(path, first, second)
    with closing(open_for_writing(str(path), 1.0)) as connection:
        with Transaction(connection):
            hook = HookRow(position=0, kind="on_success", label="echo", started_at=7)
            write_hook(connection, second.run_id, hook)
            write_events(connection, second.run_id, [(1, 1, None, "progress", "{}")])
            attempt = AttemptRow(
                number=1,
                started_at=1,
                finished_at=2,
                exit_code=0,
                signal=None,
                ended_by="exit",
                peak_memory_bytes=None,
                cpu_us=3,
            )
            write_attempts(connection, second.run_id, [attempt])
        connection.execute("DROP TRIGGER finished_runs_are_final")
        try:
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE run_id = ?",
                (value, second.run_id),
            )
        except sqlite3.IntegrityError:
            return None
    return str(path)


_COLUMNS = [
    (table, column)
    for table, columns in (
        ("runs", RunRow.FIELDS[2:]),
        ("attempts", AttemptRow.FIELDS),
        ("events", EventRow.FIELDS),
        ("hook_outcomes", HookRow.FIELDS),
    )
    for column in columns
]


@pytest.mark.parametrize(("table", "column"), _COLUMNS)
def test_a_damaged_value_breaks_no_reader_and_the_other_rows_are_whole(
    tmp_path: Path, table: str, column: str
) -> None:
    for number, value in enumerate(_ODD):
        path = damaged(tmp_path / f"{number}.db", table, column, value)
        if path is None:
            continue
        with open_reader(path) as reader:
            asked(reader)
            whole = reader.run(row(1).run_id)
            assert whole is not None
            assert whole.damaged == ()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "started_at", "yesterday"),
        ("runs", "finished_at", 2**62),
        ("runs", "details", '{"a": ' + _DEEP + "}"),
        ("runs", "summary", b"\xff"),
        ("runs", "retry_count", "many"),
        ("attempts", "exit_code", "zero"),
        ("events", "event", _DEEP),
        ("hook_outcomes", "duration_us", "long"),
    ],
)
def test_a_check_names_the_damaged_column_and_a_repair_mends_it(
    tmp_path: Path, table: str, column: str, value: Any
) -> None:
    path = damaged(tmp_path / "state.db", table, column, value)
    assert path is not None
    problems = examine(path).problems
    assert [p for p in problems if p.startswith(f"Rows of {table} with a damaged {column}: 1")]
    if table == "runs":
        with open_reader(path) as reader:
            found = reader.run(row(2).run_id)
        assert found is not None
        assert found.damaged == (column,)
    assert rebuild(path, row(9).started_at).runs >= 1
    assert examine(path).problems == ()


def test_a_row_names_no_file_that_cannot_be_a_log(tmp_path: Path) -> None:
    """A confined task can write any path into the record, and a reader is not confined."""
    path = tmp_path / "state.db"
    run, own = row(1), row(2)
    run.log_path = "/home/ada/.docket/secrets/api"
    own.log_path = f"/somewhere/{own.run_id}.log"
    store(path, run, own)
    with open_reader(str(path)) as reader:
        found = reader.run(run.run_id)
        kept = reader.run(own.run_id)
    assert found is not None
    assert (found.log_path, "log_path" in found.damaged) == (None, True)
    assert kept is not None
    assert kept.log_path == own.log_path

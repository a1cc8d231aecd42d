"""Removing old runs with all that belongs to them, and remembering that they were there."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress

from docket.errors import StoreError
from docket.model.record import Record
from docket.model.runid import is_run_id
from docket.store.connection import Transaction
from docket.store.logfiles import log_path
from docket.store.opening import open_for_writing
from docket.store.reader import Reader

_BATCH = 500
_BUSY_SECONDS = 5.0
_VERB = "prune"
_SEGMENTS = ("", ".1", ".2")
# What is not over stays, and so does the run that `status` shows of the task.
_PRUNABLE = (
    "SELECT run_id, started_at, seq FROM runs WHERE task = ? AND finished_at IS NOT NULL "
    "AND run_id NOT IN (SELECT last_run_id FROM task_state WHERE task = ?) AND "
)


class Pruned(Record):
    """Runs of one task that were removed, by number; `last` is the youngest's id."""

    task: str
    runs: int
    last: str


def prune(
    state_db: str,
    task: str,
    *,
    keep_runs: int | None,
    before_us: int | None,
    log_dir: str,
    now_us: int,
) -> Pruned | None:
    """Remove runs beyond the newest `keep_runs`, and those that ended before `before_us`.

    Their events, attempts, hooks and log files go with them. None where there was nothing to
    remove; StoreError where the record cannot be written.
    """
    try:
        with closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection:
            removed: list[str] = []
            while batch := _batch(connection, task, keep_runs, before_us):
                with Transaction(connection, durable=True):
                    # First: a log whose row is gone would never be found again.
                    for run_id in batch:
                        _remove_log(log_dir, run_id)
                    connection.executemany(
                        "DELETE FROM runs WHERE run_id = ?", [(run_id,) for run_id in batch]
                    )
                    _remember(connection, task, batch, now_us)
                removed += batch
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The old runs of {task} could not be removed: {error}.",
            hint="They go the next time; docket doctor says more.",
        ) from error
    return Pruned(task, len(removed), max(removed)) if removed else None


def pruned_at(reader: Reader, run_id: str) -> int | None:
    """Return when the runs of that time were pruned, None where none were."""
    rows = reader.query(
        "SELECT max(at) FROM audit WHERE verb = ? AND json_extract(details, '$.first') <= ? "
        "AND json_extract(details, '$.last') >= ?",
        _VERB,
        run_id,
        run_id,
    )
    return None if rows[0][0] is None else int(rows[0][0])


def _batch(
    connection: sqlite3.Connection, task: str, keep_runs: int | None, before_us: int | None
) -> list[str]:
    found: dict[str, None] = {}
    if before_us is not None:
        rows = connection.execute(
            _PRUNABLE + "finished_at < ? ORDER BY started_at LIMIT ?",
            (task, task, before_us, _BATCH),
        )
        found.update(dict.fromkeys(row[0] for row in rows))
    boundary = None if keep_runs is None else _oldest_kept(connection, task, keep_runs)
    if boundary is not None:
        rows = connection.execute(
            _PRUNABLE + "(started_at, seq) < (?, ?) ORDER BY started_at LIMIT ?",
            (task, task, *boundary, _BATCH),
        )
        found.update(dict.fromkeys(row[0] for row in rows))
    return list(found)[:_BATCH]


def _oldest_kept(
    connection: sqlite3.Connection, task: str, keep_runs: int
) -> tuple[int, int] | None:
    row: tuple[int, int] | None = connection.execute(
        "SELECT started_at, seq FROM runs WHERE task = ? ORDER BY started_at DESC, seq DESC "
        "LIMIT 1 OFFSET ?",
        (task, keep_runs - 1),
    ).fetchone()
    return row


def _remove_log(log_dir: str, run_id: str) -> None:
    if not is_run_id(run_id):
        return  # docket-cli took any text for an id, one that leads out of the directory too
    for segment in _SEGMENTS:
        with suppress(FileNotFoundError):
            os.unlink(log_path(log_dir, run_id) + segment)


def _remember(connection: sqlite3.Connection, task: str, run_ids: list[str], now_us: int) -> None:
    """Keep one note for each task, which grows with what is pruned of it."""
    row = connection.execute(
        "SELECT details FROM audit WHERE verb = ? AND task = ?", (_VERB, task)
    ).fetchone()
    known = {} if row is None else json.loads(row[0])
    details = {
        "count": known.get("count", 0) + len(run_ids),
        "first": min(known.get("first", run_ids[0]), *run_ids),
        "last": max(known.get("last", run_ids[0]), *run_ids),
    }
    connection.execute("DELETE FROM audit WHERE verb = ? AND task = ?", (_VERB, task))
    connection.execute(
        "INSERT INTO audit (at, uid, verb, task, details) VALUES (?, ?, ?, ?, ?)",
        (now_us, os.getuid(), _VERB, task, json.dumps(details)),
    )

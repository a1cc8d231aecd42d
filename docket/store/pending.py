"""Runs that are asked for before they begin: their rows, and the one run of an idempotency key."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from docket.errors import StoreError
from docket.model.rows import RunRow
from docket.model.states import RunStatus, Trigger
from docket.store.connection import Transaction
from docket.store.failure import store_error, unreadable
from docket.store.opening import open_for_writing
from docket.store.readonly import open_connection
from docket.store.rows import run_of_id, write_run

_BUSY_SECONDS = 2.0


def claim(state_db: str, row: RunRow) -> RunRow:
    """Record a run that is about to be started and return its row.

    If another run of the task has the same idempotency key, or was started by the end of the
    same run, nothing is recorded and that run's row is returned. Waits two seconds at most for
    other writers; StoreError if it cannot be recorded.
    """
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            first = _run_of_key(connection, row) or _run_of_cause(connection, row)
            if first is not None:
                return first
            write_run(connection, row)
    except sqlite3.Error as error:
        raise store_error(state_db, error) from error
    except OSError as error:
        raise StoreError(
            f"The database {state_db} cannot be written: {error.strerror}.",
            hint="See who owns that file and its directory.",
        ) from error
    return row


def find(state_db: str, run_id: str) -> RunRow | None:
    """Return the row of a run, or None; StoreError if it cannot be read."""
    try:
        with open_connection(state_db) as connection:
            return run_of_id(connection, run_id)
    except sqlite3.Error as error:
        raise store_error(state_db, error) from error
    except OSError as error:
        raise unreadable(state_db, error) from error


def close_unstarted(state_db: str, run_id: str, reason: str, *, now_us: int) -> bool:
    """Close a run that could not be started as failed; False if it began after all.

    Its idempotency key is free again, for nothing was done for it.
    """
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            row = run_of_id(connection, run_id)
            if row is None or row.status != RunStatus.PENDING:
                return False
            connection.execute("UPDATE runs SET idempotency_key = NULL WHERE run_id = ?", (run_id,))
            row.idempotency_key = None
            row.status = RunStatus.FAILED.value
            row.error_code = "not_started"
            row.summary = reason
            row.exit_code = RunStatus.FAILED.exit_code
            row.finished_at = max(now_us, row.started_at)
            row.log_path = None
            write_run(connection, row)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The database {state_db} cannot be written: {error}.") from error
    return True


def _run_of_key(connection: sqlite3.Connection, row: RunRow) -> RunRow | None:
    if row.idempotency_key is None:
        return None
    found = connection.execute(
        "SELECT run_id FROM runs WHERE task = ? AND idempotency_key = ?",
        (row.task, row.idempotency_key),
    ).fetchone()
    return None if found is None else run_of_id(connection, found[0])


def _run_of_cause(connection: sqlite3.Connection, row: RunRow) -> RunRow | None:
    if row.trigger != Trigger.AFTER or row.triggered_by is None:
        return None
    found = connection.execute(
        "SELECT run_id FROM runs WHERE task = ? AND triggered_by = ?", (row.task, row.triggered_by)
    ).fetchone()
    return None if found is None else run_of_id(connection, found[0])

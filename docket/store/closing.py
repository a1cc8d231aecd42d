"""Closing the row of a run whose runner cannot do it any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from docket.errors import StoreError
from docket.model.ends.runnerends import End, end_of_runner
from docket.model.rows import RunRow
from docket.model.signals import signal_name
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.rows import run_of_id, write_run

_BUSY_SECONDS = 2.0


def close_run(
    state_db: str, run_id: str, end: End, *, finished_us: int, details: Mapping[str, Any]
) -> bool:
    """Record the end of a run that was left open; return whether this call closed it.

    A row that is already final does not change; a database that cannot be written is left alone.
    """
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            row = run_of_id(connection, run_id)
            if row is None or row.finished_at is not None:
                return False
            row.status = end.status.value
            row.error_code = end.error_code
            row.summary = end.summary
            row.exit_code = end.status.exit_code
            row.finished_at = max(finished_us, row.started_at)
            row.details |= details
            write_run(connection, row, late=True)
    except (sqlite3.Error, OSError, StoreError):
        return False
    return True


def write_end(state_db: str, row: RunRow) -> bool:
    """Write the end of a run that was kept elsewhere; False if the database cannot take it now.

    A row that is already final does not change.
    """
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            known = run_of_id(connection, row.run_id)
            if known is None or known.finished_at is None:
                write_run(connection, row, late=True)
    except (sqlite3.Error, OSError, StoreError):
        return False
    return True


def write_missing(state_db: str, rows: list[RunRow]) -> None:
    """Write the rows that the database has not; one that cannot be written is left alone."""
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection),
        ):
            for row in rows:
                if run_of_id(connection, row.run_id) is None:
                    write_run(connection, row)
    except (sqlite3.Error, OSError, StoreError):
        return


def close_killed(state_db: str, run_id: str, *, signal_number: int, now_us: int) -> bool:
    """Record that a run's runner was killed by a signal before the eyes of its parent."""
    end = end_of_runner("signal", _name(signal_number))
    return close_run(state_db, run_id, end, finished_us=now_us, details={})


def _name(signal_number: int) -> str:
    name = signal_name(signal_number)
    return name.removeprefix("SIG") if name.startswith("SIG") else f"RT{signal_number}"

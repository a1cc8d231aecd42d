"""Closing the row of a run whose runner was killed before the eyes of the one who started it."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

from docket.errors import StoreError
from docket.model.states import RunStatus
from docket.store.connection import Transaction, open_for_writing
from docket.store.rows import run_of_id, write_run

_BUSY_SECONDS = 2.0


def close_killed(state_db: str, run_id: str, *, signal_number: int, now_us: int) -> bool:
    """Record that a run's runner was killed by a signal; False where there is no row to close.

    A row that is final already stays as it is, and a database that cannot be written is left alone.
    """
    try:
        with closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection:
            row = run_of_id(connection, run_id)
            if row is None or row.finished_at is not None:
                return False
            row.status = RunStatus.KILLED.value
            row.error_code = "runner_killed"
            row.summary = f"The runner was killed by {_name(signal_number)}"
            row.exit_code = RunStatus.KILLED.exit_code
            row.finished_at = max(now_us, row.started_at)
            with Transaction(connection, durable=True):
                write_run(connection, row)
    except (sqlite3.Error, OSError, StoreError):
        return False
    return True


def _name(signal_number: int) -> str:
    try:
        return signal.Signals(signal_number).name
    except ValueError:  # one of the real-time signals
        return f"signal {signal_number}"

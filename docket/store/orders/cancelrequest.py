"""Recording the request to cancel a run."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from docket.errors import StoreError
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 2.0


def record_cancel_request(state_db: str, run_id: str, now_us: int) -> bool:
    """Record the first request to cancel a run; False if it cannot be written.

    A run that is over is not touched.
    """
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection),
        ):
            connection.execute(
                "UPDATE runs SET cancel_requested_at = ? WHERE run_id = ? "
                "AND finished_at IS NULL AND cancel_requested_at IS NULL",
                (now_us, run_id),
            )
    except (sqlite3.Error, OSError, StoreError):
        return False
    return True

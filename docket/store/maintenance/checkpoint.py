"""Writing the WAL into the database: runs leave it, because that is not their work."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from docket.errors import StoreError
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 2.0


def checkpoint(state_db: str) -> bool:
    """Copy the whole WAL into the database and empty its file.

    False if there is no database, or if somebody reads or writes it at this moment: the next
    checkpoint does it.
    """
    if not os.path.exists(state_db):
        return False
    try:
        with closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except (sqlite3.Error, OSError, StoreError):
        return False
    return not busy

"""What docket-cli 0.2 wrote into its own tables after they were taken over."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from docket.store.opening import open_for_writing
from docket.store.reader import Reader, open_reader
from docket.store.takeover.progress import TakenOver
from docket.store.takeover.reference import REFERENCE_TABLES
from docket.store.takeover.takeover import VERB
from docket.store.takeover.takeover import take_in as copy_rows


def has_latecomers(reader: Reader) -> bool:
    """Whether docket-cli 0.2 wrote into its own tables after they were taken over."""
    tables = reader.query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'task_run*'"
    )
    return any(
        reader.query(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608
        for (name,) in tables
        if name in REFERENCE_TABLES
    )


def take_in(path: str, busy_seconds: float = 2.0) -> int:
    """Take in what docket-cli wrote after it was taken over; return how many runs that were.

    A run that its worker is still at stays there too, for the worker to write its end. A database
    that cannot be written now is left for the next time.
    """
    try:
        with closing(open_for_writing(path, busy_seconds)) as connection:
            return copy_rows(connection)
    except (sqlite3.Error, OSError):
        return 0


def last_take_over(path: str) -> TakenOver | None:
    """Return what the audit says of the take-over of a store, None if there was none.

    Raises StoreError if the store cannot be read.
    """
    with open_reader(path) as reader:
        row = reader.last_audit(VERB)
    if row is None:
        return None
    known = row[1]
    return TakenOver(
        path, known["backup"], known["runs"], known["events"], known["tasks"], at_us=row[0]
    )

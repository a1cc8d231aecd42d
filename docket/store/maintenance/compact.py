"""Giving the room of pruned runs back to the disk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from docket.errors import StoreError
from docket.model.record import Record
from docket.model.text.size import size_text
from docket.store.failure import store_error
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 5.0
_SPARE_BYTES = 1 << 20


class CompactRefusedError(StoreError):
    """The database cannot be made smaller now: no room, a lock, or runs that write to it."""

    code = "store.compact_refused"


class Compacted(Record):
    """How many bytes the files took before and take now.

    `complete` is False if a reader kept the file from being cut: the next checkpoint does it.
    """

    before_bytes: int
    after_bytes: int
    complete: bool


def compact(path: str) -> Compacted:
    """Write the database again without its free pages, in place and in one transaction.

    Readers are not disturbed meanwhile, and an error leaves it as it was. Raises
    CompactRefusedError and StoreError.
    """
    before = _size(path)
    try:
        with closing(open_for_writing(path, _BUSY_SECONDS)) as connection:
            _require_room(connection, path)
            directory = os.path.dirname(path).replace("'", "''")
            # The copy that VACUUM makes is beside the file, where the room was looked for.
            connection.execute(f"PRAGMA temp_store_directory = '{directory}'")
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store_directory = ''")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        raise _refused(path, error) from error
    except OSError as error:
        raise CompactRefusedError(
            f"The database {path} cannot be compacted: {error.strerror}.",
            hint="See who owns the file and its directory; docket doctor checks both.",
        ) from error
    return Compacted(before, _size(path), complete=not busy)


def _require_room(connection: sqlite3.Connection, path: str) -> None:
    """Refuse if the disk cannot hold what is kept twice: as the new copy, and in the WAL."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    wanted = 2 * (pages - free) * size + _SPARE_BYTES
    disk = os.statvfs(os.path.dirname(path))
    room = disk.f_bavail * disk.f_frsize
    if room < wanted:
        raise CompactRefusedError(
            f"There is too little room beside {path}: {size_text(room)} are free, and"
            f" {size_text(wanted)} are needed for a while.",
            hint="Make room first: docket doctor says what the logs take.",
        )


def _refused(path: str, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "locked" in text:
        return CompactRefusedError(
            f"The database {path} is locked by another program.",
            hint="Wait for that program to end, and try again: nothing was changed.",
        )
    if "full" in text:
        return CompactRefusedError(
            f"The disk that holds {path} became full; the database is as it was.",
            hint="Make room first: docket doctor says what the logs take.",
        )
    return store_error(path, error)


def _size(path: str) -> int:
    return sum(os.path.getsize(path + end) for end in ("", "-wal") if os.path.exists(path + end))

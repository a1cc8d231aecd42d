"""A copy of an open database beside it, before it is changed for good."""

from __future__ import annotations

import os
import sqlite3

from docket.store.connection import connect_read_only

_BUSY_SECONDS = 5.0
NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def keep_a_copy(connection: sqlite3.Connection, target: str) -> str:
    """Copy the open database to `target` (0600), or beside it if another copy is there.

    Returns where the copy is. One that was killed half-way never has the name, and one that holds
    all that there is now is not made again. Raises sqlite3.Error and OSError.
    """
    kept, number = target, 1
    while os.path.lexists(kept):
        if _holds_the_same(connection, kept):
            return kept
        number += 1
        kept = f"{target}-{number}"
    unfinished = f"{target}.new"
    remove(unfinished)
    try:
        # Made here, 0600: SQLite would follow the umask, which is the whole process's.
        os.close(os.open(unfinished, NEW_FILE, 0o600))
        connection.execute("VACUUM INTO ?", (unfinished,))
        sync(unfinished)
        os.rename(unfinished, kept)
    except BaseException:
        remove(unfinished)
        raise
    return kept


def _holds_the_same(connection: sqlite3.Connection, copy: str) -> bool:
    """Whether a copy has all tables with as many rows, the last of which is the same one."""
    try:
        other = connect_read_only(copy, _BUSY_SECONDS)
    except sqlite3.Error:
        return False
    try:
        return _extent(connection) == _extent(other)
    except sqlite3.Error:
        return False
    finally:
        other.close()


def _extent(connection: sqlite3.Connection) -> list[tuple[str, int, int | None]]:
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    return [
        (name, *connection.execute(f'SELECT count(*), max(rowid) FROM "{name}"').fetchone())  # noqa: S608
        for (name,) in tables
    ]


def sync(path: str) -> None:
    """Bring a file to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(unfinished: str) -> None:
    """Remove a database that did not get its name, with what is beside it."""
    for name in (unfinished, f"{unfinished}-journal", f"{unfinished}-wal", f"{unfinished}-shm"):
        if os.path.lexists(name):
            os.unlink(name)

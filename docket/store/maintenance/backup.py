"""A copy of the store while it is in use."""

from __future__ import annotations

import os
import sqlite3

from docket.errors import StoreError
from docket.store.reader import open_connection, quoted, store_error

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class BackupRefusedError(StoreError):
    """The place of the copy is taken, or nothing can be written there."""

    code = "store.backup_refused"


def backup(path: str, target: str) -> int:
    """Copy the store as it stands at one instant to `target` (0600) and return its size in bytes.

    Runs go on meanwhile. The copy is one file, examined and on disk before it gets its name.
    Raises BackupRefusedError where `target` exists or cannot be written, and StoreError where the
    store cannot be read or is damaged.
    """
    if os.path.lexists(target):
        raise _taken(target)
    unfinished = f"{target}.{os.getpid()}.new"
    try:
        os.close(os.open(unfinished, _NEW, 0o600))
        try:
            _copy(path, unfinished)
            os.link(unfinished, target)  # unlike a rename, never over another file
        finally:
            _remove(unfinished)
        return os.path.getsize(target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        raise BackupRefusedError(
            f"The copy {target} cannot be written: {error.strerror}.",
            hint="Name a file in a directory that you may write to, with room for the database.",
        ) from error


def keep_a_copy(connection: sqlite3.Connection, target: str) -> str:
    """Copy the open database to `target` (0600), or beside it where another copy lies there.

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
    _remove(unfinished)
    try:
        # Made here, 0600: SQLite would follow the umask, which is the whole process's.
        os.close(os.open(unfinished, _NEW, 0o600))
        connection.execute("VACUUM INTO ?", (unfinished,))
        _sync(unfinished)
        os.rename(unfinished, kept)
    except BaseException:
        _remove(unfinished)
        raise
    return kept


def _holds_the_same(connection: sqlite3.Connection, copy: str) -> bool:
    """Whether a copy has all tables with as many rows, the last of which is the same one."""
    try:
        other = sqlite3.connect(f"file:{quoted(copy)}?mode=ro", uri=True)
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


def _copy(path: str, unfinished: str) -> None:
    try:
        with open_connection(path) as source:
            copy = sqlite3.connect(unfinished, isolation_level=None)
            try:
                source.backup(copy)
                # One file: a copy in WAL mode would want two more beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
                found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            finally:
                copy.close()
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    if found != "ok":
        raise StoreError(
            f"The database {path} is damaged, and was not copied: {found}.",
            hint="docket db repair saves what can still be read.",
        )
    _sync(unfinished)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(target: str) -> BackupRefusedError:
    return BackupRefusedError(
        f"{target} is there already, and is not overwritten.", hint="Name another file."
    )


def _remove(unfinished: str) -> None:
    for name in (unfinished, f"{unfinished}-journal", f"{unfinished}-wal", f"{unfinished}-shm"):
        if os.path.lexists(name):
            os.unlink(name)

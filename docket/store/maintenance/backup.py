"""A copy of the store while it is in use."""

from __future__ import annotations

import os
import sqlite3

from docket.errors import StoreError
from docket.store.copying import NEW_FILE, remove, sync
from docket.store.failure import store_error
from docket.store.readonly import open_connection


class BackupRefusedError(StoreError):
    """The place of the copy is taken, or nothing can be written there."""

    code = "store.backup_refused"


def backup(path: str, target: str) -> int:
    """Copy the store of one instant to `target` (0600) and return its size in bytes.

    Runs go on meanwhile. The copy is one file, examined and on disk before it gets its name.
    Raises BackupRefusedError if `target` exists or cannot be written, and StoreError if the
    store cannot be read or is damaged.
    """
    if os.path.lexists(target):
        raise _taken(target)
    unfinished = f"{target}.{os.getpid()}.new"
    try:
        os.close(os.open(unfinished, NEW_FILE, 0o600))
        try:
            _copy(path, unfinished)
            os.link(unfinished, target)  # unlike a rename, never over another file
        finally:
            remove(unfinished)
        return os.path.getsize(target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        raise BackupRefusedError(
            f"The copy {target} cannot be written: {error.strerror}.",
            hint="Name a file in a directory that you may write to, with room for the database.",
        ) from error


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
    sync(unfinished)


def _taken(target: str) -> BackupRefusedError:
    return BackupRefusedError(
        f"{target} is there already, and is not overwritten.", hint="Name another file."
    )

"""Opening the store for questions only; a missing file reads as empty."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from docket.errors import StoreError
from docket.store.connection import connect_read_only, is_there
from docket.store.opening import open_for_writing
from docket.store.schema import VERSION, user_version

_BUSY_SECONDS = 1.5  # two seconds, with half a second for merging


@contextmanager
def open_connection(path: str) -> Iterator[sqlite3.Connection]:
    """Open the store for questions; raises sqlite3.Error, OSError and StoreError.

    Waits 1.5 seconds at most for a writer that locks the whole file.
    """
    connection = _open(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def open_unchanged(path: str) -> Iterator[sqlite3.Connection]:
    """Open a store for questions as it is: one of another version is refused, and none is made.

    Raises sqlite3.Error, OSError and StoreError.
    """
    os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
    connection = connect_read_only(path, _BUSY_SECONDS)
    try:
        if user_version(connection) != VERSION:
            raise StoreError(f"The database {path} is of another version of Docket.", path=path)
        yield connection
    finally:
        connection.close()


def _open(path: str) -> sqlite3.Connection:
    if not is_there(path):
        return _empty()
    if not os.access(path, os.R_OK):
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))  # this says why, if SQLite does not
    connection = connect_read_only(path, _BUSY_SECONDS)
    try:
        found = user_version(connection)
    except BaseException:
        connection.close()
        raise
    if found == VERSION:
        return connection
    connection.close()
    return open_for_writing(path, _BUSY_SECONDS)  # this upgrades the file, or refuses a newer one


def _empty() -> sqlite3.Connection:
    from docket.store.migration import create  # noqa: PLC0415  (only before the first run)

    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    return connection

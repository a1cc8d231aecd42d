"""Connections: each is one open file, and each transaction is one `with`."""

from __future__ import annotations

import os
import sqlite3

from docket.files import open_private
from docket.store.schema import migrate, prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def open_for_writing(
    path: str, busy_seconds: float, *, take_over: bool = True
) -> sqlite3.Connection:
    """Open the store, making it (0600, in a 0700 directory) and migrating it where needed.

    Waits `busy_seconds` at most for other writers. Without `take_over` a database of docket-cli is
    refused and not migrated, which takes longer than a job may wait. Raises sqlite3.Error, OSError
    or StoreError.
    """
    # Made here, 0600: SQLite would follow the umask, and gives its -wal the mode of the file.
    os.close(open_private(path, os.O_RDWR | os.O_CREAT))
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        prepare(connection, path, take_over=take_over)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -512")  # KiB: the runner stays small
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class Transaction:
    """One write transaction: committed at the end of the `with`, rolled back on an error.

    With `durable` the commit reaches the disk before it returns.
    """

    __slots__ = ("_connection", "_durable")

    def __init__(self, connection: sqlite3.Connection, *, durable: bool = False) -> None:
        self._connection = connection
        self._durable = durable

    def __enter__(self) -> sqlite3.Connection:
        if self._durable:
            self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if self._durable:
                self._connection.execute("PRAGMA synchronous = NORMAL")

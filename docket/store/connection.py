"""Connections: each is one open file, and each transaction is one `with`."""

from __future__ import annotations

import errno
import os
import stat
import time

from docket.files import open_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType
else:
    # The C module is all that a runner needs: the package around it loads datetime and the shims
    # of the DB-API, 6 million instructions a job.
    try:
        import _sqlite3 as sqlite3
    except ImportError:  # another Python than CPython
        import sqlite3

__all__ = ["Transaction", "connect", "connect_read_only", "is_there", "set_up", "sqlite3"]

# In pages of 4 KiB: the WAL stays between runs, and the next one reads all of it.
_CHECKPOINT_PAGES = 200


def connect(path: str, busy_seconds: float, *, any_thread: bool = False) -> sqlite3.Connection:
    """Open the file for writing as it is, making it (0600) if it is missing.

    Waits `busy_seconds` at most for other writers. With `any_thread` the caller sees to it that
    its threads take turns. Raises sqlite3.Error or OSError; a link, or anything else that is not a
    plain file, is refused.
    """
    if not is_there(path):
        _make(path)
    return sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=not any_thread
    )


def connect_read_only(
    path: str, busy_seconds: float, *, locked: bool = False
) -> sqlite3.Connection:
    """Open the file for questions only; nothing is made. Raises sqlite3.Error.

    Waits `busy_seconds` at most for a writer that locks the whole file.
    With `locked` it is read without a lock and without its WAL, if it cannot be read otherwise:
    the disk is full, or somebody holds it for long.
    """
    mode = "mode=ro&immutable=1" if locked else "mode=ro"
    address = f"file:{_quoted(path)}?{mode}"
    return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)


def is_there(path: str) -> bool:
    """Whether there is a file; OSError for anything but a plain file.

    It is not opened: closing it would take away the locks (fcntl) that a connection of this process
    holds on it.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a plain file", path)
    return True


def _quoted(path: str) -> str:
    """Return a path as the file: addresses of SQLite want it."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def set_up(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Make the settings that every writer has; waits `busy_seconds` at most for another one."""
    _write_ahead(connection, busy_seconds)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -512")  # KiB: the runner stays small
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


def _write_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Turn the WAL on, which is kept in the file.

    SQLite does not wait here while another process makes the same new file: it is asked again.
    """
    end = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _make(path: str) -> None:
    """Make an empty file, 0600: SQLite would follow the umask, and its -wal has the file's mode."""
    try:
        os.close(open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return  # another process was quicker


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

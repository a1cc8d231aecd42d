"""The database of state and queues: one file beside the history, so that neither waits."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from docket.data.tables import STATEMENTS, VERSION
from docket.errors import DataError, DataNewerError
from docket.files import make_directory
from docket.store.connection import Transaction, connect, is_there, set_up

NAME = "data.db"
PATH_VARIABLE = "DOCKET_DATA_PATH"  # in the environment of each run
_BUSY_SECONDS = 30.0
_CHECKPOINT_PAGES = 1000  # of 4 KiB: a queue under load writes many small transactions
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def beside(state_db: str) -> str:
    """Return where the database is whose history is at `state_db`."""
    return os.path.join(os.path.dirname(state_db), NAME)


class Database:
    """One file of state and queues; its threads take turns.

    The file is made at the first write, 0600, in a directory 0700. `now_us` is microseconds since
    the epoch. All methods raise DataError if the file cannot be used.
    """

    def __init__(self, path: str, now_us: Callable[[], int] | None = None) -> None:
        self.path = path
        self.now_us = now_us or _wall_clock_us
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        _databases.add(self)

    @contextmanager
    def changing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Give one write transaction; with `durable` it is on the disk at the end of the `with`."""
        with self.lock, self._errors(), Transaction(self._open(), durable=durable) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection for questions, or None if nothing was ever kept."""
        with self.lock, self._errors():
            yield self._open() if is_there(self.path) else None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _opened(self.path)
        return self._connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            raise _data_error(self.path, error) from error
        except OSError as error:
            raise DataError(
                f"The database {self.path} cannot be used: {error.strerror}.",
                hint="See who owns the file and its directory.",
            ) from error


_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_held: list[Database] = []  # between the two halves of a fork


def _before_fork() -> None:
    """Close every file: a child must not share SQLite's idea of which locks its process holds."""
    for one in list(_databases):
        one.lock.acquire()
        one.close()
        _held.append(one)


def _after_fork() -> None:
    while _held:
        _held.pop().lock.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def _opened(path: str) -> sqlite3.Connection:
    _refuse_foreign(path)
    connection = connect(path, _BUSY_SECONDS, any_thread=True)
    try:
        set_up(connection, _BUSY_SECONDS)
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        _bring_up(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: str) -> None:
    version = _version(connection)
    if version == VERSION:
        return
    if version > VERSION:
        raise DataNewerError(
            f"The database {path} was written by a newer Docket "
            f"(its version is {version}, this Docket knows {VERSION}).",
            hint="Install that newer Docket again; this one leaves the file as it is.",
        )
    with Transaction(connection, durable=True):
        if _version(connection) == 0:  # else another process was quicker
            for statement in STATEMENTS:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_foreign(path: str) -> None:
    """Make the directory if it is missing; DataError if others own or write it, or the file."""
    directory = os.path.dirname(path)
    if not os.path.lexists(directory):
        _refuse_others(os.path.dirname(directory), (0, os.geteuid()))
        make_directory(directory)
    for part in (directory, path):
        _refuse_others(part, (os.geteuid(),))


def _refuse_others(part: str, owners: tuple[int, ...]) -> None:
    """Raise DataError for a link, and for what another user owns or can write to."""
    try:
        found = os.lstat(part)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise DataError(f"{part} is a link, and a link is not followed.", hint="Name its target.")
    if found.st_uid not in owners:
        raise DataError(
            f"{part} belongs to user {found.st_uid}: nothing is read or changed there.",
            hint=f"Ask as that user: sudo -u '#{found.st_uid}' docket ...",
        )
    if found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
        raise DataError(
            f"{part} can be written by others (mode {stat.S_IMODE(found.st_mode):04o}).",
            hint=f"chmod go-w {part}",
        )


def _data_error(path: str, error: sqlite3.Error) -> DataError:
    text = str(error)
    if "locked" in text:
        return DataError(
            f"The database {path} is locked by another program.",
            hint="Wait for that program to end, and try again.",
        )
    if "full" in text:
        return DataError(f"The disk that holds {path} is full.", hint="Make room, and try again.")
    if any(word in text for word in ("not a database", "malformed", "no such table")):
        return DataError(
            f"The database {path} is damaged: {text}.",
            hint="Move it away with its -wal file, and put a copy back if you have one: without"
            " it, state and queues begin empty.",
        )
    return DataError(
        f"The database {path} cannot be used: {text}.",
        hint="See who owns the file and its directory.",
    )


def _wall_clock_us() -> int:
    return time.time_ns() // 1000

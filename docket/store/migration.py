"""How a new file gets its tables, and how an older one becomes one of this version."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docket.errors import (
    StoreForeignError,
    StoreNewerError,
    StoreOlderError,
    StoreReferenceError,
)
from docket.files import open_private
from docket.store.schema import VERSION, user_version
from docket.store.tables import INDEXES, TABLES, TRIGGERS

_BEFORE_OURS = ".before-v1"  # the file that docket-cli left
# What makes a file of each version out of one of the version before.
STEPS: dict[int, tuple[str, ...]] = {
    # Each run paid for this index at its end; `runs_by_task` finds good runs as well.
    2: ("DROP INDEX runs_good",),
    3: ("ALTER TABLE runs ADD COLUMN sandbox TEXT",),
    4: (
        "ALTER TABLE runs ADD COLUMN triggered_by TEXT",
        """CREATE INDEX runs_by_cause ON runs (task, triggered_by)
           WHERE triggered_by IS NOT NULL""",
    ),
    5: (
        "ALTER TABLE audit ADD COLUMN login_uid INTEGER",
        "ALTER TABLE audit ADD COLUMN tool TEXT NOT NULL DEFAULT ''",
    ),
}


def prepare(connection: sqlite3.Connection, path: str, *, upgrade: bool = True) -> None:
    """Look at a file that is not of this version before it is touched.

    A database of docket-cli 0.2 is taken over; it is copied to `<path>.before-v1` first. Without
    `upgrade` it is refused, as an older one of ours is. Raises StoreNewerError, StoreForeignError,
    StoreReferenceError, StoreOlderError.
    """
    found = user_version(connection)
    if found > VERSION:
        raise StoreNewerError(
            f"The database {path} was written by a newer Docket "
            f"(its version is {found}, this Docket knows {VERSION}).",
            hint="Install that newer Docket again; this one leaves the file as it is.",
        )
    if found:
        if found < VERSION and not upgrade:
            raise StoreOlderError(
                f"The database {path} is of version {found}, and this Docket writes {VERSION}.",
                hint="`docket status` upgrades it; what was recorded meanwhile is merged then.",
            )
        return
    if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return
    # Tables and version come in one commit: look again, another Docket may just have made them.
    if user_version(connection) == 0:
        _take_over(connection, path, allowed=upgrade)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a file that was prepared to this version.

    A new file gets all tables in one transaction. An older one is copied to
    `<path>.before-v<VERSION>`, and then each step is one transaction with its version.
    """
    if user_version(connection) == 0:
        create(connection)
    if user_version(connection) == VERSION:
        return
    from docket.store.copying import keep_a_copy  # noqa: PLC0415  (once in its life)

    with only_upgrade(path):
        if user_version(connection) == VERSION:
            return  # another process was quicker
        keep_a_copy(connection, f"{path}.before-v{VERSION}")
        for number in range(user_version(connection) + 1, VERSION + 1):
            with _Whole(connection):
                for statement in STEPS[number]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of this version in a new file, in one transaction."""
    with _Whole(connection):
        if user_version(connection) == 0:  # else another process was quicker
            for table in TABLES:
                connection.execute(table.statement())
            for statement in (*INDEXES, *TRIGGERS):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def only_upgrade(path: str) -> Iterator[None]:
    """Hold the lock of upgrades, so that a second command waits for the first and its copy."""
    lock = f"{path}.upgrade-lock"
    descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(FileNotFoundError):  # a process that waits for it checks the file again
                os.unlink(lock)
    finally:
        os.close(descriptor)


def _take_over(connection: sqlite3.Connection, path: str, *, allowed: bool) -> None:
    from docket.store.copying import keep_a_copy  # noqa: PLC0415  (as above)
    from docket.store.takeover.takeover import finish, is_reference, take_over  # noqa: PLC0415  (rare)

    if not is_reference(connection):
        raise StoreForeignError(
            f"The database {path} is not Docket's: it holds tables of another program.",
            hint="Let `state_dir` in the config name another file; this one is left as it is.",
        )
    if not allowed:
        raise StoreReferenceError(
            f"The database {path} still has the format of docket-cli 0.2.",
            hint="`docket status` takes it over; what was recorded meanwhile is merged then.",
        )
    with only_upgrade(path):
        if user_version(connection) == VERSION:
            return
        copy = keep_a_copy(connection, path + _BEFORE_OURS)
        connection.execute(
            "PRAGMA foreign_keys = OFF"
        )  # docket-cli never enforced its foreign keys
        with _Whole(connection):
            for table in TABLES:
                connection.execute(table.statement())
            result = take_over(connection, path, copy, (*INDEXES, *TRIGGERS))
            connection.execute(f"PRAGMA user_version = {VERSION}")
        finish(connection, result)


class _Whole:
    """A transaction: all of it is kept, or nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

"""Who changed what and when: one row for each change that a command makes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from docket.model.jsontext import dumps
from docket.store.connection import Transaction
from docket.store.failure import store_error, unreadable
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 2.0
_NOBODY = 2**32 - 1  # what the kernel says where nobody logged in
_LOGIN_UID = "/proc/self/loginuid"
JsonObject = Mapping[str, Any]


class Who(NamedTuple):
    """Who makes a change: the user, the user who logged in (None: nobody), and by what tool."""

    uid: int
    login_uid: int | None
    tool: str  # cli, mcp or api


class ChangeRow(NamedTuple):
    """One change; what was before and what is after, None where there is nothing."""

    verb: str
    task: str | None
    before: JsonObject | None
    after: JsonObject | None


def caller(tool: str) -> Who:
    """Return who this process is, as the kernel says."""
    try:
        with open(_LOGIN_UID, encoding="ascii") as file:
            login = int(file.read())
    except (OSError, ValueError):
        login = _NOBODY
    return Who(os.getuid(), None if login == _NOBODY else login, tool)


def insert(connection: sqlite3.Connection, at_us: int, who: Who, row: ChangeRow) -> None:
    """Write one change within a transaction."""
    connection.execute(
        "INSERT INTO audit (at, uid, login_uid, tool, verb, task, details)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at_us, *who, row.verb, row.task, dumps({"before": row.before, "after": row.after})),
    )


def write_changes(state_db: str, at_us: int, who: Who, rows: Sequence[ChangeRow]) -> None:
    """Write changes that were made, in one transaction; StoreError if that cannot be."""
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            for row in rows:
                insert(connection, at_us, who, row)
    except sqlite3.Error as error:
        raise store_error(state_db, error) from error
    except OSError as error:
        raise unreadable(state_db, error) from error

"""Whether the store holds together: SQLite's own examination, and what Docket's records promise."""

from __future__ import annotations

import os
import sqlite3

from docket.errors import StoreError
from docket.model.record import Record
from docket.model.states import RunStatus, Trigger
from docket.store.reader import open_connection, store_error

_MOST_SHOWN = 10


class Soundness(Record):
    """What an examination found. `runs` is None where they could not be counted."""

    path: str
    exists: bool
    size_bytes: int
    runs: int | None
    problems: tuple[str, ...]


def examine(path: str) -> Soundness:
    """Read the whole store and return what is wrong with it, each in a sentence.

    Raises StoreError where that cannot be told: the file is locked, or may not be read.
    """
    if not os.path.exists(path):
        return Soundness(path, exists=False, size_bytes=0, runs=0, problems=())
    size = os.path.getsize(path)
    try:
        with open_connection(path) as connection:
            problems = _damage(connection) or _broken_promises(connection)
            runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        found = store_error(path, error)
        if not is_damage(error):
            raise found from error
        return Soundness(path, exists=True, size_bytes=size, runs=None, problems=(found.sentence,))
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be read: {error.strerror}.",
            hint="See who owns the file and its directory.",
        ) from error
    return Soundness(path, exists=True, size_bytes=size, runs=runs, problems=tuple(problems))


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error is the file's own fault, and not the disk's or another program's."""
    text = str(error)
    return any(word in text for word in ("not a database", "malformed", "no such table"))


def _damage(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(f"PRAGMA integrity_check({_MOST_SHOWN})").fetchall()
    lines = [line for row in found for line in row[0].splitlines()]
    return [
        f"SQLite finds damage: {line}."
        for line in lines[:_MOST_SHOWN]
        if line != "ok" and not line.startswith("***")
    ]


def _broken_promises(connection: sqlite3.Connection) -> list[str]:
    statuses = ", ".join(f"'{status}'" for status in RunStatus)
    triggers = ", ".join(f"'{trigger}'" for trigger in Trigger)
    questions = (
        (f"status NOT IN ({statuses})", "a status that this Docket does not know"),
        (f"trigger NOT IN ({triggers})", "a trigger that this Docket does not know"),
        (
            "(finished_at IS NULL) <> (status IN ('pending', 'running'))",
            "a status that does not fit its end",
        ),
        ("NOT json_valid(details)", "details that are no JSON"),
    )
    problems = []
    for where, what in questions:
        query = f"SELECT count(*), min(run_id) FROM runs WHERE {where}"  # noqa: S608
        count, example = connection.execute(query).fetchone()
        if count:
            problems.append(f"Runs with {what}: {count}, as {example}.")
    lost = connection.execute("PRAGMA foreign_key_check").fetchall()
    if lost:
        tables = ", ".join(sorted({row[0] for row in lost}))
        problems.append(f"Records that belong to no run: {len(lost)}, in {tables}.")
    return problems

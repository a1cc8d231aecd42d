"""Whether the store holds together: SQLite's own examination, and what Docket's records promise."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from docket.model.jsontext import DEEPEST
from docket.model.record import Record
from docket.model.states import RunStatus, Trigger
from docket.store.cleaning import EARLIEST_US, LATEST_US, is_instant, is_sound
from docket.store.failure import is_damage, store_error, unreadable
from docket.store.readonly import open_connection
from docket.store.tables import TABLES, Table

_MOST_SHOWN = 10


class Soundness(Record):
    """What an examination found. `runs` is None if they could not be counted."""

    path: str
    exists: bool
    size_bytes: int
    runs: int | None
    problems: tuple[str, ...]


def examine(path: str) -> Soundness:
    """Read the whole store and return what is wrong with it, each in a sentence.

    Raises StoreError if the file is locked, or may not be read.
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
        raise unreadable(path, error) from error
    return Soundness(path, exists=True, size_bytes=size, runs=runs, problems=tuple(problems))


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
    )
    problems = [
        f"Runs with {what}: {count}, as {example}."
        for where, what in questions
        for count, example in connection.execute(
            f"SELECT count(*), min(run_id) FROM runs WHERE {where}"  # noqa: S608
        )
        if count
    ]
    for table in TABLES:
        problems += _wrong_values(connection, table)
    lost = connection.execute("PRAGMA foreign_key_check").fetchall()
    if lost:
        tables = ", ".join(sorted({row[0] for row in lost}))
        problems.append(f"Records that belong to no run: {len(lost)}, in {tables}.")
    return problems


def _wrong_values(connection: sqlite3.Connection, table: Table) -> list[str]:
    """Return which columns of a table hold what Docket never writes, a sentence each."""
    if table.row is None:
        return []
    connection.create_function("docket_sound", 3, _is_sound, deterministic=True)
    example = "task" if table.name == "incidents" else "run_id"
    problems = []
    for name in table.row.FIELDS:
        kind = table.row.__annotations__[name]
        count, first = connection.execute(
            f"SELECT count(*), min({example}) FROM {table.name} "  # noqa: S608
            f"WHERE {_suspect(kind, name)} AND NOT docket_sound('{kind}', '{name}', {name})"
        ).fetchone()
        if count:
            problems.append(f"Rows of {table.name} with a damaged {name}: {count}, as {first}.")
    return problems


def _suspect(kind: str, name: str) -> str:
    """Return SQL that is true of every value that may be wrong: few are looked at one by one."""
    if kind.startswith("dict") or name == "event":
        brackets = f"length({name}) - length(replace(replace({name}, '[', ''), '{{', ''))"
        return (
            f"{name} IS NOT NULL AND (typeof({name}) <> 'text' OR NOT json_valid({name}) "
            f"OR {brackets} > {DEEPEST})"
        )
    if not kind.startswith(("int", "bool")):
        return f"typeof({name}) NOT IN ('text', 'null')"
    if not is_instant(name):
        return f"typeof({name}) NOT IN ('integer', 'null')"
    bounds = f"{name} NOT BETWEEN {EARLIEST_US} AND {LATEST_US}"
    return f"(typeof({name}) NOT IN ('integer', 'null') OR {bounds})"


def _is_sound(kind: str, name: str, value: Any) -> bool:
    return is_sound("dict[str, Any]" if name == "event" else kind, name, value)

"""Reading what can still be read of a damaged database, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from docket.model.jsontext import loads
from docket.model.names import is_safe_name
from docket.model.runid import is_run_id
from docket.model.states import RunStatus, Trigger
from docket.store.cleaning import instant, storable
from docket.store.connection import Transaction, connect_read_only
from docket.store.tables import TABLES

_BUSY_SECONDS = 5.0
_BY_RUN = ("attempts", "events", "hook_outcomes")
_BY_ITSELF = ("overrides", "fires_checked", "incidents")
_MOST_FAILURES = 20_000  # places tried in a table that is mostly holes
_INDEXES = ("runs_by_start", "runs_by_task", "runs_by_status", "runs_unfinished")
_RAN = ", ".join(f"'{status}'" for status in RunStatus if status.final and status.ran)

Row = dict[str, Any]


def salvage(broken: str, connection: sqlite3.Connection) -> int:
    """Copy every readable run of `broken`, with what belongs to it, and return how many there are.

    What `connection` (an open store) holds already stays as it is. `broken` is only read. Rows
    that hold what Docket never writes are left out.
    """
    with closing(connect_read_only(broken, _BUSY_SECONDS)) as source:
        source.text_factory = lambda data: data.decode("utf-8", "replace")
        kept = _copy_runs(source, connection)
        for table in _BY_RUN:
            _copy_belonging(source, connection, table, kept)
        for table in _BY_ITSELF:
            _insert(connection, table, _rows(source, f"SELECT * FROM {table}"))  # noqa: S608
        _insert(connection, "audit", _numbered(source, "audit"))
    settle(connection)
    return len(kept)


def settle(connection: sqlite3.Connection) -> None:
    """Take away what belongs to no run, and work out again what is known of each task."""
    with Transaction(connection, durable=True):
        for table in _BY_RUN:
            connection.execute(
                f"DELETE FROM {table} WHERE run_id NOT IN (SELECT run_id FROM runs)"  # noqa: S608
            )
        connection.execute("DELETE FROM task_state")
        real = f"finished_at IS NOT NULL AND dry_run = 0 AND status IN ({_RAN})"
        connection.execute(
            "INSERT INTO task_state "  # noqa: S608  (words of our own)
            "SELECT task, last, success, (SELECT count(*) FROM runs r WHERE r.task = seen.task "
            f"AND {real} AND r.run_id > coalesce(success_id, '')) FROM (SELECT task, "
            "max(run_id) AS last, max(CASE status WHEN 'succeeded' THEN finished_at END) "
            "AS success, max(CASE status WHEN 'succeeded' THEN run_id END) AS success_id "
            f"FROM runs WHERE {real} GROUP BY task) AS seen"
        )


def _copy_runs(source: sqlite3.Connection, connection: sqlite3.Connection) -> set[str]:
    kept: set[str] = set()

    def sound() -> Iterator[Row]:
        for row in _numbered(source, "runs"):
            if row["run_id"] not in kept and _is_run(row):
                kept.add(row["run_id"])
                if row["finished_at"] is not None and instant(row["finished_at"]) is None:
                    row["finished_at"] = row[
                        "started_at"
                    ]  # it is over, but the time of its end is unknown
                yield row

    _insert(connection, "runs", sound())
    return kept


def _copy_belonging(
    source: sqlite3.Connection, connection: sqlite3.Connection, table: str, kept: set[str]
) -> None:
    query = f"SELECT * FROM {table}"  # noqa: S608
    failed: list[sqlite3.Error] = []
    _insert(connection, table, _rows(source, query, failed=failed))
    if failed:  # only a search gets past the damage
        for run_id in sorted(kept):
            _insert(connection, table, _rows(source, f"{query} WHERE run_id = ?", run_id))


def _is_run(row: Row) -> bool:
    """Whether a row is what Docket writes, and not what is left of a torn page."""
    try:
        status = RunStatus(row["status"])
        free = Trigger(row["trigger"]) is Trigger.UNKNOWN  # docket-cli took any names and ids
        loads(row["details"])
        finished = row["finished_at"]
        return (
            (is_run_id(row["run_id"]) or (free and isinstance(row["run_id"], str)))
            and (is_safe_name(row["task"]) or (free and isinstance(row["task"], str)))
            and isinstance(row["started_at"], int)
            and (finished is None or isinstance(finished, int))
            and status.final == (finished is not None)
        )
    except (ValueError, TypeError, KeyError):
        return False


def _numbered(source: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Yield the rows of a table that is ordered by `seq`, from both ends and around the holes."""
    first = last = 0
    query = f"SELECT * FROM {table}"  # noqa: S608
    failed: list[sqlite3.Error] = []
    for row in _rows(source, f"{query} ORDER BY seq", failed=failed):
        first = max(first, row["seq"])
        yield row
    if not failed:
        return
    for row in _rows(source, f"{query} WHERE seq > ? ORDER BY seq DESC", first):
        last = row["seq"] if not last else min(last, row["seq"])
        yield row
    yield from _between(source, query, table, first, last)


def _between(
    source: sqlite3.Connection, query: str, table: str, first: int, last: int
) -> Iterator[Row]:
    """Yield the rows that are left: those that an index names, else those of halved ranges."""
    named: set[int] = set()
    for index in _INDEXES if table == "runs" else ():
        numbers = f"SELECT seq FROM {table} INDEXED BY {index}"  # noqa: S608
        named.update(row["seq"] for row in _rows(source, numbers))
    inside = sorted(n for n in named if n > first and (not last or n < last))
    for number in inside:
        yield from _rows(source, f"{query} WHERE seq = ?", number)
    ranges = [(first + 1, last - 1)] if last else []
    failures = 0
    while ranges and failures < _MOST_FAILURES:
        low, high = ranges.pop()
        if low > high:
            continue
        failed: list[sqlite3.Error] = []
        between = f"{query} WHERE seq BETWEEN ? AND ? ORDER BY seq"
        for row in _rows(source, between, low, high, failed=failed):
            low = max(low, row["seq"] + 1)
            yield row
        if failed and low < high:
            failures += 1
            middle = (low + high) // 2
            ranges += [(middle + 1, high), (low, middle)]


def _rows(
    source: sqlite3.Connection,
    query: str,
    *values: Any,
    failed: list[sqlite3.Error] | None = None,
) -> Iterator[Row]:
    """Yield rows until the damage, whose error is put into `failed`."""
    try:
        cursor = source.execute(query, values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))
    except sqlite3.Error as error:
        if failed is not None:
            failed.append(error)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    known = {name for name in columns if name != "seq"}
    with Transaction(connection):
        for row in rows:
            names = [name for name in row if name in known]  # an older file has fewer columns
            marks = ", ".join("?" * len(names))
            connection.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
                [_harmless(table, name, row[name]) for name in names],
            )


def _harmless(table: str, name: str, value: Any) -> Any:
    """Return a value that its column may hold: itself, or what readers show in its place."""
    row = next((known.row for known in TABLES if known.name == table), None)
    if row is None or name not in row.FIELDS:
        return value
    kind = "dict[str, Any]" if name == "event" else row.__annotations__[name]
    return storable(kind, name, value)

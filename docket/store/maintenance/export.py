"""Everything that the store holds, one JSON object at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from docket.store.failure import store_error
from docket.store.readonly import open_connection
from docket.store.schema import VERSION

# Each table, the word for one of its rows, and its order.
TABLES = (
    ("runs", "run", "seq"),
    ("attempts", "attempt", "run_id, number"),
    ("events", "event", "run_id, event_index"),
    ("hook_outcomes", "hook", "run_id, position"),
    ("task_state", "task_state", "task"),
    ("incidents", "incident", "task"),
    ("overrides", "override", "task, kind"),
    ("fires_checked", "fires_checked", "task"),
    ("audit", "audit", "seq"),
)
_INSTANTS = frozenset(
    {
        "at",
        "closed_at",
        "opened_at",
        "told_at",
        "cancel_requested_at",
        "created_at",
        "finished_at",
        "last_success_us",
        "scheduled_for",
        "started_at",
        "until",
    }
)
_JSON = frozenset({"details", "event", "params"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def export(path: str) -> Iterator[dict[str, Any]]:
    """Yield a head, every row of one instant (`record` says of what), and an end that counts them.

    Without the end an export is not whole. Raises StoreError if the store cannot be read.
    """
    yield {"record": "export", "schema_version": VERSION, "path": path}
    count = 0
    try:
        with open_connection(path) as connection:
            connection.execute("BEGIN")  # one snapshot for all tables
            for table, word, order in TABLES:
                for row in _rows(connection, table, order):
                    count += 1
                    yield {"record": word, **row}
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    yield {"record": "end", "records": count}


def _rows(connection: sqlite3.Connection, table: str, order: str) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield {
            name.removesuffix("_us") if name in _INSTANTS else name: _value(name, value)
            for name, value in zip(names, values, strict=True)
            if name != "seq"
        }


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        try:
            return (_EPOCH + timedelta(microseconds=value)).isoformat(timespec="microseconds")
        except (OverflowError, TypeError):
            return value
    if name in _JSON:
        try:
            return json.loads(value)
        except (TypeError, ValueError):
            return value
    return bool(value) if name == "dry_run" else value

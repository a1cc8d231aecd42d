"""What is remembered of pruning: one row of the audit for each task, which grows."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

from docket.store.connection import Transaction
from docket.store.takeover.takeover import VERB as TAKEOVER

RUNS = "prune"
LOGS = "prune_logs"
_MOST_REMOVED = 20_000


def note_of(connection: sqlite3.Connection, verb: str, task: str) -> dict[str, Any]:
    """Return what was pruned of a task so far; {} if nothing was."""
    row = connection.execute(
        "SELECT details FROM audit WHERE verb = ? AND task = ?", (verb, task)
    ).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def write_note(
    connection: sqlite3.Connection, verb: str, task: str, now_us: int, details: dict[str, Any]
) -> None:
    """Put `details` in the place of the note that there is."""
    connection.execute("DELETE FROM audit WHERE verb = ? AND task = ?", (verb, task))
    connection.execute(
        "INSERT INTO audit (at, uid, verb, task, details) VALUES (?, ?, ?, ?, ?)",
        (now_us, os.getuid(), verb, task, json.dumps(details)),
    )


def forget_changes(connection: sqlite3.Connection, before_us: int) -> None:
    """Remove the oldest rows of changes before an instant, a bounded number at a time."""
    with Transaction(connection):
        connection.execute(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ?"
            " AND verb NOT IN (?, ?, ?) ORDER BY seq LIMIT ?)",
            (before_us, RUNS, LOGS, TAKEOVER, _MOST_REMOVED),
        )


def has_pruned(connection: sqlite3.Connection) -> bool:
    """Whether anything was ever pruned here."""
    notes = connection.execute(
        "SELECT details FROM audit WHERE verb IN (?, ?)", (RUNS, LOGS)
    ).fetchall()
    return any(json.loads(details).get("count") for (details,) in notes)

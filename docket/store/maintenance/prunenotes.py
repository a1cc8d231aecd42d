"""What is remembered of pruning: one row of the audit for each task, which grows."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

RUNS = "prune"
LOGS = "prune_logs"


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


def has_pruned(connection: sqlite3.Connection) -> bool:
    """Whether anything was ever pruned here."""
    notes = connection.execute(
        "SELECT details FROM audit WHERE verb IN (?, ?)", (RUNS, LOGS)
    ).fetchall()
    return any(json.loads(details).get("count") for (details,) in notes)

"""Removing the logs of runs that are kept for longer than their logs.

Each round goes on where the last one ended, in the order in which runs began, so it looks at no run
twice. The few that could not lose their log yet are remembered one by one.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from docket.model.record import Record
from docket.model.records import RunRecord
from docket.store.connection import Transaction
from docket.store.maintenance.prunenotes import LOGS, note_of, write_note
from docket.store.maintenance.retention import BATCH, last_run_of, paused, remove_log
from docket.store.reader import Reader

_COLUMNS = "SELECT run_id, log_path, finished_at, started_at, seq FROM runs "


class PrunedLogs(Record):
    """How many logs were removed, and whether there may be more to remove."""

    logs: int
    more: bool


def prune_logs(
    connection: sqlite3.Connection,
    task: str,
    before_us: int,
    *,
    log_dir: str,
    now_us: int,
    most: int,
) -> PrunedLogs:
    """Remove the logs of the task's runs that ended before an instant, of `most` runs at most.

    The last run keeps its log. Raises sqlite3.Error and OSError.
    """
    removed = looked_at = 0
    while True:
        with paused():
            note = note_of(connection, LOGS, task)
            fresh = _fresh(connection, task, before_us, note)
            left = _left(connection, note) if looked_at == 0 else []
            gone, kept = _remove(connection, task, before_us, log_dir, [*left, *fresh])
            if looked_at:
                kept = [*note["left"], *kept]
            removed += gone
            looked_at += len(fresh)
            if fresh or kept != note.get("left", []):
                until = fresh[-1][3:] if fresh else note["until"]
                details = {"count": note.get("count", 0) + gone, "until": until, "left": kept}
                with Transaction(connection):
                    write_note(connection, LOGS, task, now_us, details)
        if len(fresh) < BATCH or looked_at >= most:
            return PrunedLogs(removed, len(fresh) == BATCH)


def log_was_pruned(reader: Reader, run: RunRecord) -> bool:
    """Whether the log of a run that has a row was removed for its age."""
    rows = reader.query(
        "SELECT 1 FROM audit WHERE verb = ? AND task = ? "
        "AND json_extract(details, '$.until[0]') >= ? "
        "AND NOT EXISTS (SELECT 1 FROM json_each(details, '$.left') WHERE value = ?)",
        LOGS,
        run.task,
        run.started_us,
        run.run_id,
    )
    return bool(rows)


def _fresh(
    connection: sqlite3.Connection, task: str, before_us: int, note: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return the next runs that nobody has looked at."""
    return connection.execute(
        _COLUMNS + "WHERE task = ? AND (started_at, seq) > (?, ?) AND started_at < ? "
        "ORDER BY started_at, seq LIMIT ?",
        (task, *note.get("until", (0, 0)), before_us, BATCH),
    ).fetchall()


def _left(connection: sqlite3.Connection, note: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        row
        for run_id in note.get("left", ())
        for row in connection.execute(_COLUMNS + "WHERE run_id = ?", (run_id,))
    ]


def _remove(
    connection: sqlite3.Connection,
    task: str,
    before_us: int,
    log_dir: str,
    rows: list[tuple[Any, ...]],
) -> tuple[int, list[str]]:
    """Return how many logs went, and the runs that have to keep theirs for now."""
    last = last_run_of(connection, task)
    gone, kept = 0, []
    for run_id, path, finished_at, *_place in rows:
        if finished_at is None or finished_at >= before_us or run_id == last:
            kept.append(run_id)
        elif path is not None:
            gone += remove_log(log_dir, run_id, path)
    return gone, kept

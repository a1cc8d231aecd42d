"""Databases as docket-cli 0.2.0 to 0.2.2 made them: its tables, and rows of every kind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE task_runs (task_name TEXT PRIMARY KEY, run_id TEXT, started_at TEXT,
  last_run TEXT NOT NULL, duration_seconds REAL, exit_code INTEGER NOT NULL,
  summary TEXT NOT NULL, details TEXT DEFAULT '{}', dry_run INTEGER NOT NULL DEFAULT 0);
CREATE TABLE task_run_history (run_id TEXT PRIMARY KEY, task_name TEXT NOT NULL,
  status TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, duration_seconds REAL,
  exit_code INTEGER, summary TEXT NOT NULL DEFAULT '', details TEXT DEFAULT '{}',
  dry_run INTEGER NOT NULL DEFAULT 0);
CREATE INDEX idx_task_run_history_task_started ON task_run_history (task_name, started_at DESC);
CREATE TABLE task_run_events (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL,
  task_name TEXT NOT NULL, event_index INTEGER NOT NULL, timestamp TEXT NOT NULL,
  event_type TEXT, event TEXT NOT NULL,
  FOREIGN KEY (run_id) REFERENCES task_run_history (run_id));
CREATE INDEX idx_task_run_events_run_index ON task_run_events (run_id, event_index);
"""
RUN_ID = "20261120T092345764840Z-6803c279"


def reference_db(path: Path) -> sqlite3.Connection:
    """Make an empty database of docket-cli (with its file mode) and return it open."""
    connection = sqlite3.connect(path, isolation_level=None)
    path.chmod(0o644)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(TABLES)
    return connection


def run(number: int = 1, task: str = "job", **values: Any) -> dict[str, Any]:
    """Return a row of the history, number by number one second later."""
    minute, second = divmod(number, 60)
    hour, minute = divmod(minute, 60)
    stamp = f"{hour:02}:{minute:02}:{second:02}"
    compact = stamp.replace(":", "")
    return {
        "run_id": f"20261120T{compact}764840Z-{number:08x}",
        "task_name": task,
        "status": "succeeded",
        "started_at": f"2026-11-20T{stamp}.763256+00:00",
        "finished_at": f"2026-11-20T{stamp}.764840+00:00",
        "duration_seconds": 0.001584,
        "exit_code": 0,
        "summary": f"Command completed: {number}",
        "details": json.dumps({"stdout": "hi\n", "stderr": "", "exit_code": 0}),
        "dry_run": 0,
        **values,
    }


def latest(row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """Return the row of a task's latest state for a run of the history."""
    known = {name: row[name] for name in row if name not in ("status", "finished_at")}
    return {**known, "last_run": row["finished_at"], **values}


def event(index: int, run_id: str, **values: Any) -> dict[str, Any]:
    """Return a row of the events."""
    return {
        "run_id": run_id,
        "task_name": "job",
        "event_index": index,
        "timestamp": "2026-11-20T00:00:01.763300+00:00",
        "event_type": "step",
        "event": json.dumps({"event": "step", "n": index}),
        **values,
    }


def put(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows."""
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",
            list(row.values()),
        )

"""A store of version 1, as the Docket of that version made it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

RUN_ID = "20260427T013000000000Z-ab12cd34"
OPEN_ID = "20260427T023000000000Z-ab12cd35"

_TABLES = """
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  task TEXT NOT NULL,
  status TEXT NOT NULL,
  error_code TEXT,
  trigger TEXT NOT NULL,
  scheduled_for INTEGER,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  exit_code INTEGER,
  summary TEXT NOT NULL DEFAULT '',
  details TEXT NOT NULL DEFAULT '{}',
  dry_run INTEGER NOT NULL DEFAULT 0,
  retry_count INTEGER NOT NULL DEFAULT 0,
  unit TEXT,
  invocation_id TEXT,
  boot_id TEXT,
  pid INTEGER,
  plan_hash TEXT,
  blocked_by TEXT,
  log_path TEXT,
  peak_memory_bytes INTEGER,
  cpu_us INTEGER,
  params TEXT,
  idempotency_key TEXT,
  parent_run_id TEXT,
  cancel_requested_at INTEGER,
  output_bytes INTEGER
);
CREATE UNIQUE INDEX runs_by_key ON runs (task, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_by_status ON runs (status, started_at DESC);
CREATE INDEX runs_by_task ON runs (task, started_at DESC);
CREATE INDEX runs_by_fire ON runs (task, scheduled_for) WHERE scheduled_for IS NOT NULL;
CREATE INDEX runs_by_start ON runs (started_at DESC);
CREATE INDEX runs_unfinished ON runs (task) WHERE finished_at IS NULL;
CREATE INDEX runs_good ON runs (task, started_at DESC)
  WHERE status = 'succeeded' AND dry_run = 0;
CREATE INDEX runs_by_invocation ON runs (invocation_id) WHERE invocation_id IS NOT NULL;
CREATE TRIGGER finished_runs_are_final BEFORE UPDATE ON runs WHEN old.finished_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a finished run never changes'); END;
CREATE TABLE attempts (
  run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  exit_code INTEGER,
  signal INTEGER,
  ended_by TEXT NOT NULL,
  peak_memory_bytes INTEGER,
  cpu_us INTEGER,
  PRIMARY KEY (run_id, number)
) WITHOUT ROWID;
CREATE TABLE events (
  run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  event_index INTEGER NOT NULL,
  at INTEGER NOT NULL,
  timestamp TEXT,
  event_type TEXT,
  event TEXT NOT NULL,
  PRIMARY KEY (run_id, event_index)
) WITHOUT ROWID;
CREATE TABLE hook_outcomes (
  run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  state TEXT NOT NULL,
  exit_code INTEGER,
  stdout TEXT NOT NULL DEFAULT '',
  stderr TEXT NOT NULL DEFAULT '',
  started_at INTEGER NOT NULL,
  duration_us INTEGER,
  PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
CREATE TABLE incidents (
  task TEXT PRIMARY KEY,
  signature TEXT NOT NULL,
  error_code TEXT,
  summary TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  opened_by TEXT NOT NULL,
  failures INTEGER NOT NULL,
  judged TEXT NOT NULL,
  verdict TEXT NOT NULL,
  told_at INTEGER,
  told_by TEXT,
  closed_at INTEGER,
  closed_by TEXT
) WITHOUT ROWID;
CREATE TABLE overrides (
  task TEXT NOT NULL,
  kind TEXT NOT NULL,
  until INTEGER,
  remaining INTEGER,
  reason TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task, kind)
) WITHOUT ROWID;
CREATE TABLE fires_checked (
  task TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  verb TEXT NOT NULL,
  task TEXT,
  details TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE task_state (
  task TEXT PRIMARY KEY,
  last_run_id TEXT NOT NULL,
  last_success_us INTEGER,
  consecutive_failures INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
_ROWS = f"""
INSERT INTO runs (run_id, task, status, trigger, scheduled_for, started_at, finished_at, exit_code,
  summary, details, unit, invocation_id, idempotency_key)
VALUES ('{RUN_ID}', 'backup', 'succeeded', 'timer', 1777253400000000, 1777253400000000,
  1777253402000000, 0, 'Done', '{{"n": 1}}', 'docket-backup.service', 'ab', 'key');
INSERT INTO runs (run_id, task, status, trigger, started_at)
VALUES ('{OPEN_ID}', 'backup', 'running', 'manual', 1777257000000000);
INSERT INTO attempts VALUES ('{RUN_ID}', 1, 1777253400000000, 1777253402000000, 0, NULL, 'exit',
  NULL, 5);
INSERT INTO events VALUES ('{RUN_ID}', 1, 1777253401000000, NULL, 'note', '{{"event": "note"}}');
INSERT INTO hook_outcomes VALUES ('{RUN_ID}', 0, 'on_success', 'true', 'done', 0, '', '', 1, 2);
INSERT INTO task_state VALUES ('backup', '{RUN_ID}', 1777253402000000, 0);
INSERT INTO overrides VALUES ('backup', 'pause', NULL, NULL, 'why', 3);
"""


def make(path: Path) -> str:
    """Make the store, in WAL mode as every Docket leaves it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_TABLES} {_ROWS} PRAGMA user_version = 1; COMMIT;")
    path.chmod(0o600)
    return str(path)

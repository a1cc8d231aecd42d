"""The tables, and how an older file becomes one of this version."""

from __future__ import annotations

import sqlite3

from docket.errors import StoreForeignError, StoreNewerError, StoreReferenceError

VERSION = 1

# Instants are microseconds since the epoch. `seq` keeps the order in which runs were recorded.
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


def prepare(connection: sqlite3.Connection, path: str, *, take_over: bool = True) -> None:
    """Look at the file before it is touched, and take over a database of docket-cli 0.2.

    That one is copied to `<path>.before-v<VERSION>` first; without `take_over`, for which a job
    has no time, it is refused. Raises StoreNewerError, StoreForeignError, StoreReferenceError.
    """
    found = user_version(connection)
    if found > VERSION:
        raise StoreNewerError(
            f"The database {path} was written by a newer Docket "
            f"(its version is {found}, this Docket knows {VERSION}).",
            hint="Install that newer Docket again; this one leaves the file as it is.",
        )
    if found or not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return
    # Tables and version come in one commit: who made them between the two looks was Docket.
    if user_version(connection) == 0:
        _take_over(connection, path, allowed=take_over)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file that was prepared to this version, in one transaction."""
    if user_version(connection) == VERSION:
        return
    with _Whole(connection):
        if user_version(connection) != VERSION:  # another process may have been quicker
            for statement in _statements(_TABLES):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def user_version(connection: sqlite3.Connection) -> int:
    """Return the schema version that the file carries; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _take_over(connection: sqlite3.Connection, path: str, *, allowed: bool) -> None:
    from docket.store.maintenance.backup import keep_a_copy  # noqa: PLC0415  (as above)
    from docket.store.takeover import takeover  # noqa: PLC0415  (once in the life of a database)

    if not takeover.is_reference(connection):
        raise StoreForeignError(
            f"The database {path} is none of Docket's: it holds tables of another program.",
            hint="Let `state_dir` in the config name another file; this one is left as it is.",
        )
    if not allowed:
        raise StoreReferenceError(
            f"The database {path} is still that of docket-cli 0.2.",
            hint="`docket status` takes it over; what was recorded meanwhile is merged then.",
        )
    statements = _statements(_TABLES)
    tables = [text for text in statements if text.lstrip().startswith("CREATE TABLE")]
    rest = [text for text in statements if text not in tables]
    with takeover.alone(path):
        if user_version(connection) == VERSION:
            return
        copy = keep_a_copy(connection, f"{path}.before-v{VERSION}")
        connection.execute("PRAGMA foreign_keys = OFF")  # those of docket-cli were never held
        with _Whole(connection):
            for statement in tables:
                connection.execute(statement)
            result = takeover.take_over(connection, path, copy, rest)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        takeover.finish(connection, result)


class _Whole:
    """A transaction of which all or nothing stays, whatever ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _statements(script: str) -> list[str]:
    """Split the script; a statement ends where SQLite says that it is complete."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements

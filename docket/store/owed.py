"""What finished runs still lack: notifications of failures, and the tasks that follow them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from docket.model.rows import RunRow
from docket.model.states import RunStatus
from docket.store.failure import store_error, unreadable
from docket.store.readonly import open_connection
from docket.store.rows import run_of_id, runs_of_invocation

_MOST = 200
_FAILED = tuple(
    status.value
    for status in RunStatus
    if status.final and status not in (RunStatus.SUCCEEDED, RunStatus.SKIPPED, RunStatus.CANCELLED)
)
# The newest of each task, unless a later one was reported or kept silent.
_UNTOLD = f"""
SELECT task, max(run_id), plan_hash FROM runs r
WHERE started_at >= ? AND finished_at <= ? AND dry_run = 0
  AND status IN ({", ".join("?" * len(_FAILED))})
  AND NOT EXISTS (
    SELECT 1 FROM runs later JOIN hook_outcomes h ON h.run_id = later.run_id
    WHERE later.task = r.task AND later.started_at >= r.started_at AND h.kind = 'notify')
GROUP BY task LIMIT {_MOST}
"""  # noqa: S608


def untold_runs(state_db: str, since_us: int, until_us: int) -> list[tuple[str, str, str]]:
    """Return (task, run id, hash of its plan) of failures that were over between two instants."""
    try:
        with open_connection(state_db) as connection, closing(connection.cursor()) as cursor:
            values = (since_us, until_us, *_FAILED)
            return cursor.execute(_UNTOLD, values).fetchall()
    except sqlite3.Error:
        return []


def ended_runs(state_db: str, run_id: str | None, invocation: str) -> list[RunRow]:
    """Return the run of the id and all runs of one start of a unit, as far as they are over.

    A run whose runner was killed before it began is of no start yet: only its id finds it.

    Raises StoreError.
    """
    try:
        with open_connection(state_db) as connection:
            found = runs_of_invocation(connection, invocation) if invocation else []
            if run_id is not None and all(row.run_id != run_id for row in found):
                found += [row for row in [run_of_id(connection, run_id)] if row is not None]
    except sqlite3.Error as error:
        raise store_error(state_db, error) from error
    except OSError as error:
        raise unreadable(state_db, error) from error
    return [row for row in found if row.finished_at is not None and not row.dry_run]

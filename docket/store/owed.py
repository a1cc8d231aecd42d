"""What finished runs still lack: notifications of failures, and the tasks that follow them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from docket.model.rows import RunRow
from docket.model.states import RunStatus, Trigger
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


# A run may have begun long before it ended; a day more is looked through.
_ENDS = f"""
SELECT run_id, status, plan_hash, finished_at FROM runs
WHERE task = ? AND started_at >= ? - 86400000000 AND finished_at >= ? AND finished_at <= ?
  AND dry_run = 0
ORDER BY started_at DESC LIMIT {_MOST}
"""  # noqa: S608
_FOLLOWED = "SELECT 1 FROM runs WHERE task = ? AND triggered_by = ?"


def untold_runs(state_db: str, since_us: int, until_us: int) -> list[tuple[str, str, str]]:
    """Return (task, run id, hash of its plan) of failures that were over between two instants."""
    try:
        with open_connection(state_db) as connection, closing(connection.cursor()) as cursor:
            values = (since_us, until_us, *_FAILED)
            return cursor.execute(_UNTOLD, values).fetchall()
    except sqlite3.Error:
        return []


class RunEnd(NamedTuple):
    """The end of a run, as far as it decides on what follows."""

    run_id: str
    status: str
    plan_hash: str | None
    finished_us: int


def ends_of(state_db: str, task: str, since_us: int, until_us: int) -> list[RunEnd]:
    """Return the newest ends of a task's runs between two instants; none if nobody can say."""
    try:
        with open_connection(state_db) as connection, closing(connection.cursor()) as cursor:
            rows = cursor.execute(_ENDS, (task, since_us, since_us, until_us)).fetchall()
    except (sqlite3.Error, OSError):
        return []
    return [RunEnd(*row) for row in rows]


def followed_ends(
    state_db: str, followers: Sequence[str], run_ids: Sequence[str]
) -> set[tuple[str, str]]:
    """Return (follower, run id) of each end that a task followed; all if nobody can say."""
    every = {(name, run_id) for name in followers for run_id in run_ids}
    found = set()
    try:
        with open_connection(state_db) as connection, closing(connection.cursor()) as cursor:
            for pair in every:
                if cursor.execute(_FOLLOWED, pair).fetchone() is not None:
                    found.add(pair)
    except (sqlite3.Error, OSError):
        return every
    return found


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


def began_with_an_agent(state_db: str, row: RunRow) -> bool:
    """Whether an agent started the run, or the one that it served or followed; StoreError."""
    chain: list[str] = []
    found: RunRow | None = row
    try:
        with open_connection(state_db) as connection:
            while found is not None and found.run_id not in chain:
                if found.trigger == Trigger.AGENT:
                    return True
                chain.append(found.run_id)
                before = found.triggered_by or found.parent_run_id
                found = run_of_id(connection, before) if before else None
    except sqlite3.Error as error:
        raise store_error(state_db, error) from error
    except OSError as error:
        raise unreadable(state_db, error) from error
    return False

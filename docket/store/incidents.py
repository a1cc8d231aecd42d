"""The last incident of each task."""

from __future__ import annotations

from docket.model.incident import Incident

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_FIRST_FAILURE = (
    "FROM runs r LEFT JOIN task_state s ON s.task = r.task "
    "WHERE r.task = ? AND r.started_at > coalesce(s.last_success_us, -1) "
    "AND r.finished_at IS NOT NULL AND NOT r.dry_run "
    "AND r.status NOT IN ('succeeded', 'skipped', 'missed', 'cancelled') "
    "ORDER BY r.started_at LIMIT 1"
)
# The first run after the last success that failed, and when it began.
FIRST_FAILURE = "SELECT r.run_id " + _FIRST_FAILURE
FAILING_SINCE = "SELECT r.started_at " + _FIRST_FAILURE
_NAMES = ", ".join(Incident.FIELDS)
_MARKS = ", ".join("?" * len(Incident.FIELDS))


def incident_of(connection: sqlite3.Connection, task: str) -> Incident | None:
    """Return the last incident of a task, open or closed."""
    row = connection.execute(
        f"SELECT {_NAMES} FROM incidents WHERE task = ?",  # noqa: S608
        (task,),
    ).fetchone()
    return None if row is None else Incident.of(row)


def failing(connection: sqlite3.Connection, task: str) -> tuple[int | None, int]:
    """Return since when a task has been failing, and how many runs in a row have failed."""
    since = connection.execute(FAILING_SINCE, (task,)).fetchone()
    count = connection.execute(
        "SELECT consecutive_failures FROM task_state WHERE task = ?", (task,)
    ).fetchone()
    return (None if since is None else since[0], 0 if count is None else count[0])


def settle(
    connection: sqlite3.Connection,
    task: str,
    run_id: str,
    judge: Callable[[Incident | None, bool], Incident | None],
) -> Incident | None:
    """Let `judge` make the new incident from the stored one; store and return it.

    `judge` also gets whether a later run of the task is over already.
    """
    standing = incident_of(connection, task)
    found = judge(standing, _has_run_since(connection, task, run_id))
    if found is not None and found is not standing:
        _write(connection, found)
    return found


def _write(connection: sqlite3.Connection, incident: Incident) -> None:
    connection.execute(
        f"INSERT OR REPLACE INTO incidents ({_NAMES}) VALUES ({_MARKS})",  # noqa: S608
        incident.values(),
    )


def mark_told(connection: sqlite3.Connection, task: str, run_id: str, at: int) -> None:
    """Record that a run's message about the incident was delivered."""
    connection.execute(
        "UPDATE incidents SET told_at = ?, told_by = ? WHERE task = ?", (at, run_id, task)
    )


def _has_run_since(connection: sqlite3.Connection, task: str, run_id: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM task_state WHERE task = ? AND last_run_id > ?", (task, run_id)
    ).fetchone()
    return found is not None

"""Writes a run with its attempts, hooks and events."""

from __future__ import annotations

from docket.model.jsontext import dumps, loads
from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.model.states import RunStatus, Trigger
from docket.store.connection import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Event = tuple[int, int, str | None, str | None, str]  # in the order of EventRow

_DETAILS = RunRow.FIELDS.index("details")
_PARAMS = RunRow.FIELDS.index("params")
_FINISHED = RunRow.FIELDS.index("finished_at")
# Other processes set these columns: a writer that does not know them never takes them back.
_FROM_OUTSIDE = (
    "params",
    "idempotency_key",
    "parent_run_id",
    "cancel_requested_at",
    "triggered_by",
)


def _insert(table: str, columns: tuple[str, ...], how: str = "INSERT") -> str:
    marks = ", ".join("?" * len(columns))
    return f"{how} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


_INSERT_RUN = (
    _insert("runs", RunRow.FIELDS)
    + " ON CONFLICT (run_id) DO UPDATE SET "
    + ", ".join(
        f"{name} = coalesce(excluded.{name}, {name})"
        if name in _FROM_OUTSIDE
        else f"{name} = excluded.{name}"
        for name in RunRow.FIELDS[2:]
    )
)
_ATTEMPT = ("run_id", *AttemptRow.FIELDS)
_EVENT = ("run_id", *EventRow.FIELDS)
_HOOK = ("run_id", *HookRow.FIELDS)


def write_run(connection: sqlite3.Connection, row: RunRow, *, late: bool = False) -> None:
    """Insert the run, or complete the row that is there; a finished row refuses to change.

    `late` is for a record that was kept elsewhere first: it does not push a newer run aside.
    """
    _write_whole(connection, row, run_values(row), late=late)


def run_values(row: RunRow) -> list[Any]:
    """Return the row as its table holds it."""
    values = row.values()
    values[_DETAILS] = dumps(_without_events(row.details))
    values[_PARAMS] = None if row.params is None else dumps(row.params)
    return values


def _without_events(details: dict[str, Any]) -> dict[str, Any]:
    """Leave out the events, which have a table of their own (see store.eventdetails)."""
    if "event_count" not in details or "events" not in details:
        return details
    left_out = ("events", "last_event", "events_truncated")
    return {name: value for name, value in details.items() if name not in left_out}


def rewrite_run(
    connection: sqlite3.Connection, row: RunRow, values: list[Any], known: list[Any]
) -> None:
    """Write those `values` of the row that differ from `known`, what this process wrote last.

    What has not changed costs no page of an index.
    """
    changed = [at for at, value in enumerate(values) if value != known[at]]
    if not changed:
        return
    assignments = ", ".join(f"{RunRow.FIELDS[at]} = ?" for at in changed)
    done = connection.execute(
        f"UPDATE runs SET {assignments} WHERE run_id = ?",  # noqa: S608
        [*(values[at] for at in changed), row.run_id],
    )
    if done.rowcount:
        if values[_FINISHED] is not None:
            _write_state(connection, row, late=False)
    else:  # the row is gone: another database has replaced the first
        _write_whole(connection, row, values, late=False)


def _write_whole(
    connection: sqlite3.Connection, row: RunRow, values: list[Any], *, late: bool
) -> None:
    connection.execute(_INSERT_RUN, values)
    if row.finished_at is not None:
        _write_state(connection, row, late=late)


def _write_state(connection: sqlite3.Connection, row: RunRow, *, late: bool) -> None:
    """Update what is known of the task; a run that somebody cancelled is not a failure of it."""
    if row.dry_run or not RunStatus(row.status).ran:
        return
    good = row.status == RunStatus.SUCCEEDED
    bad = row.status != RunStatus.CANCELLED and not good
    connection.execute(
        _STATE + (_BEGUN_LATER if late else _WRITTEN_LATER),
        (row.task, row.run_id, row.finished_at if good else None, 1 if bad else 0),
    )


_STATE = (
    "INSERT INTO task_state (task, last_run_id, last_success_us, consecutive_failures) "
    "VALUES (?, ?, ?, ?) ON CONFLICT (task) DO UPDATE SET "
    "last_run_id = excluded.last_run_id, "
    "last_success_us = coalesce(excluded.last_success_us, last_success_us), "
    "consecutive_failures = CASE WHEN excluded.last_success_us IS NOT NULL THEN 0 "
    "ELSE consecutive_failures + excluded.consecutive_failures END "
)
# The order of writing: a clock that was ahead for a while leaves no run that hides all later ones.
_WRITTEN_LATER = (
    "WHERE (SELECT seq FROM runs WHERE run_id = excluded.last_run_id) >= "
    "coalesce((SELECT seq FROM runs WHERE run_id = last_run_id), 0)"
)
_BEGUN_LATER = (
    "WHERE excluded.last_run_id >= last_run_id "
    # docket-cli took any text for an id: such an id does not show when the run began.
    "OR last_run_id NOT GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T*'"
)


def write_attempts(connection: sqlite3.Connection, run_id: str, attempts: list[AttemptRow]) -> None:
    """Write the attempts of a run."""
    connection.executemany(
        _insert("attempts", _ATTEMPT, "INSERT OR REPLACE"),
        [[run_id, *attempt.values()] for attempt in attempts],
    )


def write_events(connection: sqlite3.Connection, run_id: str, events: list[Event]) -> None:
    """Write events, each as the values of an EventRow."""
    connection.executemany(
        _insert("events", _EVENT, "INSERT OR IGNORE"),
        [(run_id, *event) for event in events],
    )


def claim_hook(connection: sqlite3.Connection, run_id: str, hook: HookRow) -> bool:
    """Mark a hook as begun; False if another process has begun it before."""
    cursor = connection.execute(
        _insert("hook_outcomes", _HOOK, "INSERT OR IGNORE"),
        [run_id, *hook.values()],
    )
    return cursor.rowcount == 1


def write_hook(connection: sqlite3.Connection, run_id: str, hook: HookRow) -> None:
    """Write the outcome of a hook, over the mark that it was started."""
    connection.execute(
        _insert("hook_outcomes", _HOOK, "INSERT OR REPLACE"),
        [run_id, *hook.values()],
    )


def started_hooks(connection: sqlite3.Connection, run_id: str) -> set[int]:
    """Return the positions of the hooks that were started, whether or not they ended."""
    rows = connection.execute("SELECT position FROM hook_outcomes WHERE run_id = ?", (run_id,))
    return {row[0] for row in rows}


def has_succeeded_for(connection: sqlite3.Connection, task: str, scheduled_for: int) -> bool:
    """Whether a run of the task for that very fire has succeeded."""
    found = connection.execute(
        "SELECT 1 FROM runs WHERE task = ? AND scheduled_for = ? AND status = ? LIMIT 1",
        (task, scheduled_for, RunStatus.SUCCEEDED.value),
    ).fetchone()
    return found is not None


def has_fired(connection: sqlite3.Connection, task: str, scheduled_for: int) -> bool:
    """Whether there is a row for that very fire, other than that it was missed."""
    found = connection.execute(
        "SELECT 1 FROM runs WHERE task = ? AND scheduled_for = ? AND status != ? LIMIT 1",
        (task, scheduled_for, RunStatus.MISSED.value),
    ).fetchone()
    return found is not None


def last_end(connection: sqlite3.Connection, task: str, before_us: int) -> int | None:
    """Return when the last run of the task ended, if one did before an instant."""
    row = connection.execute(
        "SELECT max(finished_at) FROM runs WHERE task = ? AND finished_at <= ?", (task, before_us)
    ).fetchone()
    found: int | None = row[0]
    return found


def last_start_by_timer(connection: sqlite3.Connection, task: str, before_us: int) -> int | None:
    """Return when the newest run before an instant began that a timer started, in µs, or None."""
    found = connection.execute(
        "SELECT started_at FROM runs WHERE task = ? AND started_at < ? AND trigger IN (?, ?) "
        "AND status != ? ORDER BY started_at DESC LIMIT 1",
        (
            task,
            before_us,
            Trigger.TIMER.value,
            Trigger.CATCH_UP.value,
            RunStatus.MISSED.value,
        ),
    ).fetchone()
    return None if found is None else int(found[0])


def overrides_of(
    connection: sqlite3.Connection, task: str
) -> list[tuple[str, int | None, str | None]]:
    """Return (kind, until, reason) of the pauses and skips of the task's timer."""
    return connection.execute(
        "SELECT kind, until, reason FROM overrides WHERE task = ? "
        "AND typeof(until) IN ('integer', 'null')",
        (task,),
    ).fetchall()


def successes_since(
    connection: sqlite3.Connection, task: str, since_us: int
) -> list[tuple[str, int]]:
    """Return (run id, instant due or begun) of the task's latest successes since, at most 100."""
    return connection.execute(
        "SELECT run_id, coalesce(scheduled_for, started_at) FROM runs WHERE task = ? "
        "AND typeof(coalesce(scheduled_for, started_at)) = 'integer' "
        "AND started_at >= ? AND status = ? AND dry_run = 0 ORDER BY started_at DESC LIMIT 100",
        (task, since_us, RunStatus.SUCCEEDED.value),
    ).fetchall()


def runs_of_invocation(connection: sqlite3.Connection, invocation_id: str) -> list[RunRow]:
    """Return the runs that one invocation of a unit has recorded."""
    return _rows(connection, "invocation_id = ?", invocation_id)


def run_of_id(connection: sqlite3.Connection, run_id: str) -> RunRow | None:
    """Return one run, or None."""
    found = _rows(connection, "run_id = ?", run_id)
    return found[0] if found else None


def end_of_run(connection: sqlite3.Connection, run_id: str) -> int | None:
    """Return when a run ended; None for one that goes on, and for one that has no row."""
    found = connection.execute(
        "SELECT finished_at FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    return None if found is None else found[0]


def _rows(connection: sqlite3.Connection, where: str, value: str) -> list[RunRow]:
    rows = connection.execute(
        f"SELECT {', '.join(RunRow.FIELDS)} FROM runs WHERE {where}",  # noqa: S608
        (value,),
    ).fetchall()
    return [run_of_values(row) for row in rows]


def run_of_values(values: tuple[Any, ...]) -> RunRow:
    """Return the run of what its table holds; sqlite3.DataError if that is no JSON."""
    row = RunRow.of(values)
    try:
        row.details = loads(values[_DETAILS])
        row.params = None if values[_PARAMS] is None else loads(values[_PARAMS])
    except (ValueError, TypeError, AttributeError) as error:
        raise sqlite3.DataError(f"the row of run {row.run_id} is damaged: {error}") from error
    row.dry_run = bool(row.dry_run)
    return row

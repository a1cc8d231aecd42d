"""What writers put into the store: one run with its attempts, hooks and events."""

from __future__ import annotations

from docket.model.jsontext import dumps, loads
from docket.model.states import RunStatus, Trigger

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

RUN_COLUMNS = (
    "run_id",
    "task",
    "status",
    "error_code",
    "trigger",
    "scheduled_for",
    "started_at",
    "finished_at",
    "exit_code",
    "summary",
    "details",
    "dry_run",
    "retry_count",
    "unit",
    "invocation_id",
    "boot_id",
    "pid",
    "plan_hash",
    "blocked_by",
    "log_path",
    "peak_memory_bytes",
    "cpu_us",
    "params",
    "idempotency_key",
    "parent_run_id",
    "cancel_requested_at",
    "output_bytes",
)


class RunRow:
    """One run as its columns; `details` and `params` are values here, and JSON in the store."""

    __slots__ = RUN_COLUMNS

    run_id: str
    task: str
    status: str
    error_code: str | None
    trigger: str
    scheduled_for: int | None
    started_at: int
    finished_at: int | None
    exit_code: int | None
    summary: str
    details: dict[str, Any]
    dry_run: bool
    retry_count: int
    unit: str | None
    invocation_id: str | None
    boot_id: str | None
    pid: int | None
    plan_hash: str | None
    blocked_by: str | None
    log_path: str | None
    peak_memory_bytes: int | None
    cpu_us: int | None
    params: dict[str, str] | None
    idempotency_key: str | None
    parent_run_id: str | None
    cancel_requested_at: int | None
    output_bytes: int | None

    def __init__(
        self, *, run_id: str, task: str, trigger: str, started_at: int, **known: Any
    ) -> None:
        for name in RUN_COLUMNS:
            setattr(self, name, known.get(name))
        self.run_id = run_id
        self.task = task
        self.trigger = trigger
        self.started_at = started_at
        self.status = known.get("status") or RunStatus.RUNNING.value
        self.summary = known.get("summary") or ""
        self.details = known.get("details") or {}
        self.dry_run = bool(known.get("dry_run"))
        self.retry_count = known.get("retry_count") or 0

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object, for the spool and for the run's lock file."""
        return {name: getattr(self, name) for name in RUN_COLUMNS}


class AttemptRow:
    """One attempt of a run as its columns."""

    __slots__ = (
        "cpu_us",
        "ended_by",
        "exit_code",
        "finished_at",
        "number",
        "peak_memory_bytes",
        "signal",
        "started_at",
    )

    def __init__(
        self,
        number: int,
        started_at: int,
        finished_at: int,
        exit_code: int | None,
        signal: int | None,
        ended_by: str,
        peak_memory_bytes: int | None,
        cpu_us: int | None,
    ) -> None:
        self.number = number
        self.started_at = started_at
        self.finished_at = finished_at
        self.exit_code = exit_code
        self.signal = signal
        self.ended_by = ended_by
        self.peak_memory_bytes = peak_memory_bytes
        self.cpu_us = cpu_us

    def values(self) -> list[Any]:
        """Return the columns in the order of the table, without the run's id."""
        return [
            self.number,
            self.started_at,
            self.finished_at,
            self.exit_code,
            self.signal,
            self.ended_by,
            self.peak_memory_bytes,
            self.cpu_us,
        ]


class HookRow:
    """The outcome of one hook as its columns."""

    __slots__ = (
        "duration_us",
        "exit_code",
        "kind",
        "label",
        "position",
        "started_at",
        "state",
        "stderr",
        "stdout",
    )

    def __init__(self, position: int, kind: str, label: str, started_at: int) -> None:
        self.position = position
        self.kind = kind
        self.label = label
        self.started_at = started_at
        self.state = "started"
        self.exit_code: int | None = None
        self.stdout = ""
        self.stderr = ""
        self.duration_us: int | None = None

    def values(self) -> list[Any]:
        """Return the columns in the order of the table, without the run's id."""
        return [
            self.position,
            self.kind,
            self.label,
            self.state,
            self.exit_code,
            self.stdout,
            self.stderr,
            self.started_at,
            self.duration_us,
        ]


_DETAILS = RUN_COLUMNS.index("details")
_PARAMS = RUN_COLUMNS.index("params")
_INSERT_RUN = (
    f"INSERT INTO runs ({', '.join(RUN_COLUMNS)}) VALUES ({', '.join('?' * len(RUN_COLUMNS))}) "  # noqa: S608
    "ON CONFLICT (run_id) DO UPDATE SET "
    + ", ".join(
        # What was asked from outside is not taken back by a writer that does not know of it.
        f"{name} = coalesce(excluded.{name}, {name})"
        if name in ("params", "idempotency_key", "parent_run_id", "cancel_requested_at")
        else f"{name} = excluded.{name}"
        for name in RUN_COLUMNS[2:]
    )
)


def write_run(connection: sqlite3.Connection, row: RunRow) -> None:
    """Insert the run, or complete the row that stands; a finished row refuses to change."""
    connection.execute(_INSERT_RUN, run_values(row))
    if row.finished_at is not None and not row.dry_run and RunStatus(row.status).ran:
        _write_state(connection, row)


def run_values(row: RunRow) -> list[Any]:
    """Return the columns of a run in their order, as SQLite takes them."""
    values = [getattr(row, name) for name in RUN_COLUMNS]
    values[_DETAILS] = dumps(row.details)
    values[_PARAMS] = None if row.params is None else dumps(row.params)
    return values


def _write_state(connection: sqlite3.Connection, row: RunRow) -> None:
    """Update what is known of the task; a run that somebody cancelled is no failure of it."""
    good = row.status == RunStatus.SUCCEEDED
    bad = row.status != RunStatus.CANCELLED and not good
    connection.execute(
        "INSERT INTO task_state VALUES (?, ?, ?, ?) ON CONFLICT (task) DO UPDATE SET "
        "last_run_id = excluded.last_run_id, "
        "last_success_us = coalesce(excluded.last_success_us, last_success_us), "
        "consecutive_failures = CASE WHEN excluded.last_success_us IS NOT NULL THEN 0 "
        "ELSE consecutive_failures + excluded.consecutive_failures END "
        # A record that was spooled comes late: it must not push a newer run aside.
        "WHERE excluded.last_run_id >= last_run_id "
        # An id that docket-cli took may be any text, and tells nothing of its time.
        "OR last_run_id NOT GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T*'",
        (row.task, row.run_id, row.finished_at if good else None, 1 if bad else 0),
    )


def write_attempts(connection: sqlite3.Connection, run_id: str, attempts: list[AttemptRow]) -> None:
    """Write the attempts of a run."""
    connection.executemany(
        "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [[run_id, *attempt.values()] for attempt in attempts],
    )


def write_events(
    connection: sqlite3.Connection,
    run_id: str,
    events: list[tuple[int, int, str | None, str | None, str]],
) -> None:
    """Write events: (event_index, at, timestamp, event_type, JSON text) each."""
    connection.executemany(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)",
        [(run_id, *event) for event in events],
    )


def claim_hook(connection: sqlite3.Connection, run_id: str, hook: HookRow) -> bool:
    """Mark a hook as begun; False where another process has begun it before."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO hook_outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [run_id, *hook.values()],
    )
    return cursor.rowcount == 1


def write_hook(connection: sqlite3.Connection, run_id: str, hook: HookRow) -> None:
    """Write the outcome of a hook, over the mark that it was started."""
    connection.execute(
        "INSERT OR REPLACE INTO hook_outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    """Return (kind, until, reason) of what has been ordered of the task's timer."""
    return connection.execute(
        "SELECT kind, until, reason FROM overrides WHERE task = ?", (task,)
    ).fetchall()


def successes_since(
    connection: sqlite3.Connection, task: str, since_us: int
) -> list[tuple[str, int]]:
    """Return (run id, instant due or begun) of the task's latest successes since, at most 100."""
    return connection.execute(
        "SELECT run_id, coalesce(scheduled_for, started_at) FROM runs WHERE task = ? "
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


def _rows(connection: sqlite3.Connection, where: str, value: str) -> list[RunRow]:
    rows = connection.execute(
        f"SELECT {', '.join(RUN_COLUMNS)} FROM runs WHERE {where}",  # noqa: S608
        (value,),
    ).fetchall()
    found = []
    for columns in rows:
        known = dict(zip(RUN_COLUMNS, columns, strict=True))
        known["details"] = loads(known["details"])
        known["params"] = None if known["params"] is None else loads(known["params"])
        found.append(RunRow(**known))
    return found

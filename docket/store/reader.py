"""The reading end of the store."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from docket.errors import StoreError
from docket.model.incident import COLUMNS, Incident
from docket.model.records import (
    NOTIFICATION,
    AttemptRecord,
    EventRecord,
    HookRecord,
    OverrideRecord,
    RunRecord,
    RunSample,
)
from docket.model.states import RunStatus, Trigger
from docket.store.connection import open_for_writing
from docket.store.rows import RUN_COLUMNS, RunRow, run_values
from docket.store.schema import VERSION, user_version
from docket.store.selection import Selection

REFERENCE_TABLES = ("task_run_history", "task_runs", "task_run_events")  # of docket-cli 0.2
_END_OF_TIME = 2**63 - 1
_LATEST = 2**62  # the place in order of what has none yet
_BUSY_SECONDS = 5.0
_MOST_VALUES = 500  # in one statement
# Said in words, not as values: only then does SQLite take the index of the good runs alone.
_GOOD = "status = 'succeeded' AND dry_run = 0"
_SAMPLE = (
    "SELECT status, error_code, trigger, scheduled_for, started_at, finished_at, retry_count, "
    "peak_memory_bytes, output_bytes FROM runs"
)
_RUN = f"SELECT {', '.join(RUN_COLUMNS)} FROM runs "  # noqa: S608


class Reader:
    """What can be asked of the record of runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run, or None."""
        found = self._runs("WHERE run_id = ?", run_id)
        return found[0] if found else None

    def show_as_well(self, rows: list[RunRow]) -> None:
        """Let every question see these runs too: they are under way, and not in the database yet.

        The view is temporary, of this connection only; its name takes precedence over the table's.
        """
        width = ", ".join("?" * (len(RUN_COLUMNS) + 1))
        names = f"seq, {', '.join(RUN_COLUMNS)}"
        self._connection.execute(f"CREATE TEMP TABLE unwritten AS SELECT {names} FROM runs LIMIT 0")  # noqa: S608
        self._connection.executemany(
            f"INSERT INTO unwritten VALUES ({width})",  # noqa: S608
            [(_LATEST + at, *run_values(row)) for at, row in enumerate(rows)],
        )
        self._connection.execute(
            f"CREATE TEMP VIEW runs AS SELECT {names} FROM main.runs "  # noqa: S608
            f"UNION ALL SELECT {names} FROM unwritten"
        )

    def run_ids_beginning(self, text: str, limit: int) -> list[str]:
        """Return the ids that begin with a text, the newest first."""
        rows = self._query(
            "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? || char(1114111)"
            " ORDER BY run_id DESC LIMIT ?",
            text,
            text,
            limit,
        )
        return [row[0] for row in rows]

    def run_ids_ending(self, text: str) -> list[str]:
        """Return the ids whose last eight characters are these."""
        rows = self._query("SELECT run_id FROM runs WHERE substr(run_id, -8) = ?", text)
        return [row[0] for row in rows]

    def runs(self, task: str | None = None, limit: int = 20) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        if task is None:
            return self._runs("ORDER BY started_at DESC, seq DESC LIMIT ?", limit)
        return self._runs("WHERE task = ? ORDER BY started_at DESC, seq DESC LIMIT ?", task, limit)

    def select(self, selection: Selection, limit: int) -> list[RunRecord]:
        """Return the newest runs of a selection, newest first."""
        rest, values = selection.clause(limit)
        return self._runs(rest, *values)

    def latest(self, task: str | None = None) -> dict[str, RunRecord]:
        """Return, per task, the last finished run that really ran."""
        chosen = "WHERE run_id IN (SELECT last_run_id FROM task_state{}) ORDER BY task"
        if task is None:
            runs = self._runs(chosen.format(""))
        else:
            runs = self._runs(chosen.format(" WHERE task = ?"), task)
        return {run.task: run for run in runs}

    def last_any(self, task: str) -> RunRecord | None:
        """Return the newest run of the task, whatever its status."""
        found = self.runs(task, 1)
        return found[0] if found else None

    def run_for(self, task: str, fire_us: int) -> RunRecord | None:
        """Return the run that is for a fire (its instant, µs); the newest where there are more."""
        found = self._runs(
            "WHERE task = ? AND scheduled_for = ? ORDER BY started_at DESC LIMIT 1", task, fire_us
        )
        return found[0] if found else None

    def run_near(self, task: str, at_us: int, near_us: int) -> RunRecord | None:
        """Return the run that was under way at an instant, else the nearest, `near_us` off."""
        before = self._runs(
            "WHERE task = ? AND started_at <= ? ORDER BY started_at DESC LIMIT 1", task, at_us
        )
        if before and (before[0].finished_us is None or before[0].finished_us >= at_us - near_us):
            return before[0]
        after = self._runs(
            "WHERE task = ? AND started_at > ? AND started_at <= ? ORDER BY started_at LIMIT 1",
            task,
            at_us,
            at_us + near_us,
        )
        return after[0] if after else None

    def last_success(self, task: str, before_us: int) -> RunRecord | None:
        """Return the last real run that succeeded, of those begun before an instant."""
        found = self._runs(
            f"WHERE task = ? AND {_GOOD} AND started_at < ? ORDER BY started_at DESC LIMIT 1",
            task,
            before_us,
        )
        return found[0] if found else None

    def running(self, task: str | None = None) -> list[RunRecord]:
        """Return the runs whose rows are not final, oldest first."""
        # The plus keeps SQLite from walking a whole index only to have the few rows in order.
        if task is None:
            return self._runs("WHERE finished_at IS NULL ORDER BY +started_at")
        return self._runs("WHERE finished_at IS NULL AND task = ? ORDER BY +started_at", task)

    def durations(
        self, task: str, limit: int = 20, *, over_before_us: int = _END_OF_TIME
    ) -> list[float]:
        """Return how many seconds the last successful runs took, newest first.

        `over_before_us` leaves out those that ended at that instant or later.
        """
        rows = self._query(
            f"SELECT finished_at - started_at FROM runs WHERE task = ? AND {_GOOD} "  # noqa: S608
            "AND finished_at < ? ORDER BY started_at DESC LIMIT ?",
            task,
            over_before_us,
            limit,
        )
        return [row[0] / 1e6 for row in rows]

    def samples(self, task: str, limit: int) -> list[RunSample]:
        """Return the newest runs, whatever became of them, newest first."""
        return self._samples("WHERE task = ? AND dry_run = 0", task, limit)

    def good_samples(self, task: str, limit: int) -> list[RunSample]:
        """Return the newest runs that succeeded, newest first."""
        return self._samples(f"WHERE task = ? AND {_GOOD}", task, limit)

    def all_consecutive_failures(self) -> dict[str, int]:
        """Return, per task, how many runs in a row have not succeeded."""
        return dict(self._query("SELECT task, consecutive_failures FROM task_state"))

    def consecutive_failures(self, task: str) -> int:
        """Return how many runs in a row have not succeeded, up to the last one."""
        rows = self._query("SELECT consecutive_failures FROM task_state WHERE task = ?", task)
        return rows[0][0] if rows else 0

    def failing_since(self, task: str) -> int | None:
        """Return when the first run after the last success that failed began; None for none."""
        rows = self._query(
            "SELECT r.started_at FROM runs r LEFT JOIN task_state s ON s.task = r.task "
            "WHERE r.task = ? AND r.started_at > coalesce(s.last_success_us, -1) "
            "AND r.finished_at IS NOT NULL AND NOT r.dry_run "
            "AND r.status NOT IN ('succeeded', 'skipped', 'missed', 'cancelled') "
            "ORDER BY r.started_at LIMIT 1",
            task,
        )
        return rows[0][0] if rows else None

    def bad_hooks(self, run_ids: Sequence[str]) -> dict[str, list[HookRecord]]:
        """Return, per run, the hooks and messages that did not do what they were for."""
        found: dict[str, list[HookRecord]] = {}
        for begin in range(0, len(run_ids), _MOST_VALUES):
            chosen = run_ids[begin : begin + _MOST_VALUES]
            places = ", ".join("?" * len(chosen))
            for hook in self._hooks(f"run_id IN ({places}) AND state != 'started'", *chosen):
                if not hook.went_well:
                    found.setdefault(hook.run_id, []).append(hook)
        return found

    def attempts(self, run_id: str) -> list[AttemptRecord]:
        """Return the attempts of a run in order."""
        rows = self._query(
            "SELECT run_id, number, started_at, finished_at, exit_code, signal, ended_by, "
            "peak_memory_bytes, cpu_us FROM attempts WHERE run_id = ? ORDER BY number",
            run_id,
        )
        return [AttemptRecord(*[*row[:8], _seconds(row[8])]) for row in rows]

    def hooks(self, run_id: str) -> list[HookRecord]:
        """Return the hooks of a run in order."""
        return self._hooks("run_id = ?", run_id)

    def _hooks(self, where: str, *values: Any) -> list[HookRecord]:
        rows = self._query(
            "SELECT run_id, kind, position, label, state, exit_code, stdout, stderr, duration_us "  # noqa: S608
            f"FROM hook_outcomes WHERE {where} ORDER BY run_id, position",
            *values,
        )
        return [HookRecord(*[*row[:8], _seconds(row[8])]) for row in rows]

    def notified(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return, per run that was to be told of, what became of it.

        That is `failed` where one message did not arrive, else `delivered`, else `suppressed`.
        """
        found: dict[str, str] = {}
        for begin in range(0, len(run_ids), _MOST_VALUES):
            chosen = run_ids[begin : begin + _MOST_VALUES]
            places = ", ".join("?" * len(chosen))
            rows = self._query(
                "SELECT run_id, CASE WHEN sum(state NOT IN ('delivered', 'suppressed')) THEN "  # noqa: S608
                "'failed' WHEN sum(state = 'delivered') THEN 'delivered' ELSE 'suppressed' END "
                f"FROM hook_outcomes WHERE run_id IN ({places}) AND kind = ? GROUP BY run_id",
                *chosen,
                NOTIFICATION,
            )
            found.update((str(run_id), str(word)) for run_id, word in rows)
        return found

    def incidents(self, task: str | None = None) -> dict[str, Incident]:
        """Return the last incident of each task, open or closed."""
        where, values = ("", ()) if task is None else (" WHERE task = ?", (task,))
        rows = self._query(f"SELECT {', '.join(COLUMNS)} FROM incidents{where}", *values)  # noqa: S608
        found = [Incident(**dict(zip(COLUMNS, row, strict=True))) for row in rows]
        return {incident.task: incident for incident in found}

    def events(self, run_id: str, after_index: int = 0, limit: int = 500) -> list[EventRecord]:
        """Return the events of a run in order, from the one after `after_index` on."""
        rows = self._query(
            "SELECT e.run_id, r.task, e.event_index, e.at, e.timestamp, e.event_type, e.event "
            "FROM events e JOIN runs r USING (run_id) "
            "WHERE e.run_id = ? AND e.event_index > ? ORDER BY e.event_index LIMIT ?",
            run_id,
            after_index,
            limit,
        )
        return [EventRecord(*[*row[:6], json.loads(row[6])]) for row in rows]

    def last_event_index(self, run_id: str) -> int:
        """Return the number of the last event of a run; 0 if it has none."""
        rows = self._query("SELECT max(event_index) FROM events WHERE run_id = ?", run_id)
        return rows[0][0] or 0

    def last_progress(self, run_id: str) -> EventRecord | None:
        """Return the newest event of a run that tells its progress, among its last thousand."""
        rows = self._query(
            "SELECT e.run_id, r.task, e.event_index, e.at, e.timestamp, e.event_type, e.event "
            "FROM events e JOIN runs r USING (run_id) WHERE e.run_id = ?1 "
            "AND e.event_type = 'progress' AND e.event_index > "
            "(SELECT max(event_index) FROM events WHERE run_id = ?1) - 1000 "
            "ORDER BY e.event_index DESC LIMIT 1",
            run_id,
        )
        return EventRecord(*[*rows[0][:6], json.loads(rows[0][6])]) if rows else None

    def overrides(self, at_us: int) -> dict[str, list[OverrideRecord]]:
        """Return, per task, what is ordered of its timer and still holds at an instant."""
        rows = self._query(
            "SELECT task, kind, until, remaining, reason, created_at FROM overrides "
            "WHERE until IS NULL OR until > ? ORDER BY task, kind",
            at_us,
        )
        found: dict[str, list[OverrideRecord]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(OverrideRecord(*row))
        return found

    def last_audit(self, verb: str) -> tuple[int, dict[str, Any]] | None:
        """Return when something was last done to the store, and what is noted of it."""
        rows = self._query(
            "SELECT at, details FROM audit WHERE verb = ? ORDER BY seq DESC LIMIT 1", verb
        )
        return (rows[0][0], json.loads(rows[0][1])) if rows else None

    def has_rows_of_reference(self) -> bool:
        """Whether docket-cli 0.2 wrote into its own tables after they were taken over."""
        tables = self._query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'task_run*'"
        )
        return any(
            self._query(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608
            for (name,) in tables
            if name in REFERENCE_TABLES
        )

    def counts(self, task: str) -> dict[str, int]:
        """Return how many runs of the task there are in each status."""
        rows = self._query("SELECT status, count(*) FROM runs WHERE task = ? GROUP BY status", task)
        return dict(rows)

    def _samples(self, where: str, task: str, limit: int) -> list[RunSample]:
        rows = self._query(f"{_SAMPLE} {where} ORDER BY started_at DESC LIMIT ?", task, limit)
        return [
            RunSample(RunStatus(status), code, Trigger(trigger), *rest)
            for status, code, trigger, *rest in rows
        ]

    def _runs(self, rest: str, *values: Any) -> list[RunRecord]:
        return [_record(row) for row in self._query(_RUN + rest, *values)]

    def _query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()


@contextmanager
def open_reader(path: str) -> Iterator[Reader]:
    """Open the store for reading; a missing file reads as empty.

    Raises StoreError with one sentence where the file is broken, locked or not to be read, and
    StoreNewerError where a newer Docket wrote it.
    """
    connection = None
    try:
        connection = _open(path)
        yield Reader(connection)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be read: {error.strerror}.",
            hint="See who owns the file and its directory; docket doctor checks both.",
        ) from error
    finally:
        if connection is not None:
            connection.close()


@contextmanager
def open_connection(path: str) -> Iterator[sqlite3.Connection]:
    """Open the store for questions of one's own; raises as `open_reader`, but sqlite3.Error raw."""
    connection = _open(path)
    try:
        yield connection
    finally:
        connection.close()


def check(path: str) -> list[str]:
    """Return what is wrong with the file, in sentences; an empty list where nothing is."""
    if not os.path.exists(path):
        return []
    try:
        with open_reader(path) as reader:
            found = reader._query("PRAGMA quick_check(10)")  # noqa: SLF001  (the same room)
    except StoreError as error:
        return [error.sentence]
    return [f"SQLite finds damage: {row[0]}." for row in found if row[0] != "ok"]


def _open(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        return _empty()
    with open(path, "rb"):
        pass  # says "permission denied" where SQLite only says "unable to open"
    connection = sqlite3.connect(
        f"file:{quoted(path)}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    try:
        found = user_version(connection)
    except BaseException:
        connection.close()
        raise
    if found == VERSION:
        return connection
    connection.close()
    return open_for_writing(path, _BUSY_SECONDS)  # migrates, or refuses what is newer


def _empty() -> sqlite3.Connection:
    from docket.store.schema import migrate  # noqa: PLC0415  (only before the first run)

    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection


def store_error(path: str, error: sqlite3.Error) -> StoreError:
    """Return the error that says in one sentence what SQLite's own means for the user."""
    text = str(error)
    if "locked" in text:
        return StoreError(
            f"The database {path} is locked by another program.",
            hint="Wait for that program to end; runs go on meanwhile and are merged afterwards.",
        )
    if "full" in text:
        return StoreError(
            f"The disk that holds {path} is full.",
            hint="Make room; runs go on meanwhile and are merged afterwards.",
        )
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"The database {path} is damaged: {text}.",
            hint="docket db repair saves what can still be read, and keeps the broken file.",
        )
    return StoreError(
        f"The database {path} cannot be used: {text}.", hint="Run docket doctor for more."
    )


def _record(row: tuple[Any, ...]) -> RunRecord:
    known = dict(zip(RUN_COLUMNS, row, strict=True))
    finished = known["finished_at"]
    return RunRecord(
        run_id=known["run_id"],
        task=known["task"],
        status=RunStatus(known["status"]),
        error_code=known["error_code"],
        trigger=Trigger(known["trigger"]),
        scheduled_for_us=known["scheduled_for"],
        started_us=known["started_at"],
        finished_us=finished,
        duration_seconds=None if finished is None else (finished - known["started_at"]) / 1e6,
        exit_code=known["exit_code"],
        summary=known["summary"],
        details=json.loads(known["details"]),
        dry_run=bool(known["dry_run"]),
        retry_count=known["retry_count"],
        unit=known["unit"],
        invocation_id=known["invocation_id"],
        boot_id=known["boot_id"],
        pid=known["pid"],
        plan_hash=known["plan_hash"],
        blocked_by=known["blocked_by"],
        log_path=known["log_path"],
        peak_memory_bytes=known["peak_memory_bytes"],
        cpu_seconds=_seconds(known["cpu_us"]),
        params=None if known["params"] is None else json.loads(known["params"]),
        idempotency_key=known["idempotency_key"],
        parent_run_id=known["parent_run_id"],
        cancel_requested_us=known["cancel_requested_at"],
        output_bytes=known["output_bytes"],
    )


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6


def quoted(path: str) -> str:
    """Return a path as the file: addresses of SQLite want it."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")

"""The reading end of the store."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from docket.errors import StoreError
from docket.model.incident import Incident
from docket.model.records import (
    NOTIFICATION,
    AttemptRecord,
    AuditRecord,
    EventRecord,
    HookRecord,
    OverrideRecord,
    RunRecord,
    RunSample,
)
from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.model.struct import Struct
from docket.store.cleaning import (
    SAMPLE,
    attempt_record,
    cleaned_row,
    event_record,
    hook_record,
    instant,
    integer,
    run_record,
    run_sample,
    shallow_json,
)
from docket.store.failure import store_error, unreadable
from docket.store.incidents import FAILING_SINCE
from docket.store.readonly import open_connection, open_unchanged
from docket.store.rows import run_values
from docket.store.selection import Selection

_END_OF_TIME = 2**63 - 1
_LATEST = 2**62  # the place in the order of rows that have none yet
_MOST_LOOKED_THROUGH = 20_000  # rows that are searched if there is no index
_MOST_VALUES = 500  # in one statement
# Literals, not parameters: only then does SQLite use the index of the good runs.
_GOOD = "status = 'succeeded' AND dry_run = 0"
_SAMPLE = f"SELECT {', '.join(SAMPLE)} FROM runs"  # noqa: S608
_RUN = f"SELECT {', '.join(RunRow.FIELDS)} FROM runs "  # noqa: S608


class Reader:
    """What can be asked of the record of runs."""

    def __init__(self, connection: sqlite3.Connection, now_us: int) -> None:
        self.connection = connection
        self._now_us = now_us

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run, or None."""
        found = self._runs("WHERE run_id = ?", run_id)
        return found[0] if found else None

    def show_as_well(self, rows: list[RunRow]) -> None:
        """Let every question see these runs too: they are under way, and not in the database yet.

        The view is temporary, of this connection only; its name takes precedence over the table's.
        """
        width = ", ".join("?" * (len(RunRow.FIELDS) + 1))
        names = f"seq, {', '.join(RunRow.FIELDS)}"
        self.connection.execute(f"CREATE TEMP TABLE unwritten AS SELECT {names} FROM runs LIMIT 0")  # noqa: S608
        self.connection.executemany(
            f"INSERT INTO unwritten VALUES ({width})",  # noqa: S608
            [(_LATEST + at, *run_values(row)) for at, row in enumerate(rows)],
        )
        self.connection.execute(
            f"CREATE TEMP VIEW runs AS SELECT {names} FROM main.runs "  # noqa: S608
            f"UNION ALL SELECT {names} FROM unwritten"
        )

    def run_ids_beginning(self, text: str, limit: int) -> list[str]:
        """Return the ids that begin with a text, the newest first."""
        rows = self.query(
            "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? || char(1114111)"
            " ORDER BY run_id DESC LIMIT ?",
            text,
            text,
            limit,
        )
        return [row[0] for row in rows]

    def run_ids_ending(self, text: str) -> list[str]:
        """Return the ids whose last eight characters are these."""
        rows = self.query("SELECT run_id FROM runs WHERE substr(run_id, -8) = ?", text)
        return [row[0] for row in rows]

    def runs(self, task: str | None = None, limit: int = 20) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        return self.select(Selection(task), limit)

    def select(self, selection: Selection, limit: int) -> list[RunRecord]:
        """Return the newest runs of a selection, newest first."""
        found: list[RunRecord] = []
        for rest, values in selection.clauses(self._now_us):
            if len(found) < limit:
                found += self._runs(rest, *values, limit - len(found))
        return found

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

    def has_invocation(self, invocation_id: str) -> bool:
        """Whether an invocation of a unit has a run."""
        found = self.query("SELECT 1 FROM runs WHERE invocation_id = ? LIMIT 1", invocation_id)
        return bool(found)

    def run_for(self, task: str, fire_us: int) -> RunRecord | None:
        """Return the run that is for a fire (its instant, µs); the newest if there are more."""
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

    def in_the_future(self, slack_us: int, limit: int) -> tuple[int, list[RunRecord]]:
        """Return how many runs begin later than now and `slack_us`, and the latest of them."""
        after = self._now_us + slack_us
        count = self.query("SELECT count(*) FROM runs WHERE started_at > ?", after)[0][0]
        return count, self._runs(
            "WHERE started_at > ? ORDER BY started_at DESC LIMIT ?", after, limit
        )

    def recorded_late(self, after_us: int, limit: int) -> tuple[int, list[RunRecord]]:
        """Return how many runs since an instant were spooled first, and the latest of them.

        Of a great many runs only the newest are looked at.
        """
        rows = self.query(
            "SELECT run_id FROM (SELECT run_id, details FROM runs WHERE started_at >= ? "
            "ORDER BY started_at DESC LIMIT ?) WHERE instr(details, '\"spooled\"') "
            "AND CASE WHEN json_valid(details) THEN json_extract(details, '$.spooled') END = 1",
            after_us,
            _MOST_LOOKED_THROUGH,
        )
        found = (self.run(run_id) for (run_id,) in rows[:limit])
        return len(rows), [run for run in found if run is not None]

    def durations(
        self, task: str, limit: int = 20, *, over_before_us: int = _END_OF_TIME
    ) -> list[float]:
        """Return how many seconds the last successful runs took, newest first.

        `over_before_us` leaves out those that ended at that instant or later.
        """
        rows = self.query(
            f"SELECT finished_at - started_at FROM runs WHERE task = ? AND {_GOOD} "  # noqa: S608
            "AND finished_at < ? AND started_at <= ? ORDER BY started_at DESC LIMIT ?",
            task,
            over_before_us,
            self._now_us,
            limit,
        )
        return [integer(row[0]) / 1e6 for row in rows]

    def samples(self, task: str, limit: int) -> list[RunSample]:
        """Return the newest runs, whatever their status, newest first."""
        return self._samples("WHERE task = ? AND dry_run = 0", task, limit)

    def good_samples(self, task: str, limit: int) -> list[RunSample]:
        """Return the newest runs that succeeded, newest first."""
        return self._samples(f"WHERE task = ? AND {_GOOD}", task, limit)

    def all_consecutive_failures(self) -> dict[str, int]:
        """Return, per task, how many runs in a row have not succeeded."""
        rows = self.query("SELECT task, consecutive_failures FROM task_state")
        return {task: integer(count) for task, count in rows}

    def consecutive_failures(self, task: str) -> int:
        """Return how many runs in a row have not succeeded, up to the last one."""
        rows = self.query("SELECT consecutive_failures FROM task_state WHERE task = ?", task)
        return integer(rows[0][0]) if rows else 0

    def failing_since(self, task: str) -> int | None:
        """Return when the first run after the last success that failed began; None for none."""
        rows = self.query(FAILING_SINCE, task)
        return instant(rows[0][0]) if rows else None

    def bad_hooks(self, run_ids: Sequence[str]) -> dict[str, list[HookRecord]]:
        """Return, per run, the hooks and messages that failed."""
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
        rows = self.query(
            f"SELECT {_columns(AttemptRow)} FROM attempts WHERE run_id = ? ORDER BY number",  # noqa: S608
            run_id,
        )
        return [attempt_record(run_id, row) for row in rows]

    def hooks(self, run_id: str) -> list[HookRecord]:
        """Return the hooks of a run in order."""
        return self._hooks("run_id = ?", run_id)

    def _hooks(self, where: str, *values: Any) -> list[HookRecord]:
        rows = self.query(
            f"SELECT run_id, {_columns(HookRow)} FROM hook_outcomes "  # noqa: S608
            f"WHERE {where} ORDER BY run_id, position",
            *values,
        )
        return [hook_record(run_id, row) for run_id, *row in rows]

    def notified(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return, per run with messages, what happened to them.

        That is `failed` if one message did not arrive, else `delivered`, else `suppressed`.
        """
        found: dict[str, str] = {}
        for begin in range(0, len(run_ids), _MOST_VALUES):
            chosen = run_ids[begin : begin + _MOST_VALUES]
            places = ", ".join("?" * len(chosen))
            rows = self.query(
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
        rows = self.query(f"SELECT {', '.join(Incident.FIELDS)} FROM incidents{where}", *values)  # noqa: S608
        found = [cleaned_row(Incident, row) for row in rows]
        return {incident.task: incident for incident in found}

    def events(self, run_id: str, after_index: int = 0, limit: int = 500) -> list[EventRecord]:
        """Return the events of a run in order, from the one after `after_index` on."""
        return self._events(
            "AND event_index > ? ORDER BY event_index LIMIT ?", run_id, after_index, limit
        )

    def last_event_index(self, run_id: str) -> int:
        """Return the number of the last event of a run; 0 if it has none."""
        rows = self.query("SELECT max(event_index) FROM events WHERE run_id = ?", run_id)
        return integer(rows[0][0])

    def last_progress(self, run_id: str) -> EventRecord | None:
        """Return the newest event of a run that reports its progress, among its last thousand."""
        found = self._events(
            "AND event_type = 'progress' AND event_index > "
            "(SELECT max(event_index) FROM events WHERE run_id = e.run_id) - 1000 "
            "ORDER BY event_index DESC LIMIT 1",
            run_id,
        )
        return found[0] if found else None

    def overrides(self, at_us: int) -> dict[str, list[OverrideRecord]]:
        """Return, per task, the pauses and skips of its timer that are in effect at an instant."""
        rows = self.query(
            "SELECT task, kind, until, remaining, reason, created_at FROM overrides "
            "WHERE until IS NULL OR until > ? ORDER BY task, kind",
            at_us,
        )
        found: dict[str, list[OverrideRecord]] = {}
        for task, kind, until, remaining, reason, since in rows:
            order = OverrideRecord(
                task, kind, instant(until), remaining, reason, instant(since) or 0
            )
            found.setdefault(task, []).append(order)
        return found

    def audit(self, task: str | None, since_us: int | None, limit: int) -> list[AuditRecord]:
        """Return the newest changes, of one task or all, since an instant."""
        rows = self.query(
            "SELECT at, uid, login_uid, tool, verb, task, details FROM audit"
            " WHERE (? IS NULL OR task = ?) AND at >= ? ORDER BY seq DESC LIMIT ?",
            task,
            task,
            since_us or 0,
            limit,
        )
        return [_audit_record(row) for row in rows]

    def last_audit(self, verb: str) -> tuple[int, dict[str, Any]] | None:
        """Return when something was last done to the store, and what is noted of it."""
        rows = self.query(
            "SELECT at, details FROM audit WHERE verb = ? ORDER BY seq DESC LIMIT 1", verb
        )
        return (integer(rows[0][0]), _noted(rows[0][1])) if rows else None

    def _samples(self, where: str, task: str, limit: int) -> list[RunSample]:
        rows = self.query(
            f"{_SAMPLE} {where} AND started_at <= ? ORDER BY started_at DESC LIMIT ?",
            task,
            self._now_us,
            limit,
        )
        return [run_sample(row) for row in rows]

    def _runs(self, rest: str, *values: Any) -> list[RunRecord]:
        return [run_record(row) for row in self.query(_RUN + rest, *values)]

    def _events(self, rest: str, run_id: str, *values: Any) -> list[EventRecord]:
        task = self.query("SELECT task FROM runs WHERE run_id = ?", run_id)
        rows = self.query(
            f"SELECT {_columns(EventRow)} FROM events e WHERE run_id = ? {rest}",  # noqa: S608
            run_id,
            *values,
        )
        return [event_record(run_id, str(task[0][0]), row) for row in rows] if task else []

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a SELECT of this room yields."""
        return self.connection.execute(statement, values).fetchall()


def _columns(row: type[Struct]) -> str:
    return ", ".join(row.FIELDS)


def _audit_record(row: Sequence[Any]) -> AuditRecord:
    at_us, uid, login_uid, tool, verb, task, text = row
    details = _noted(text)
    ours = details.keys() <= {"before", "after"}
    return AuditRecord(
        integer(at_us),
        integer(uid),
        None if login_uid is None else integer(login_uid),
        str(tool),
        str(verb),
        None if task is None else str(task),
        details.get("before") if ours else None,
        details.get("after") if ours else details,
    )


def _noted(text: Any) -> dict[str, Any]:
    try:
        found = shallow_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def open_reader(path: str, now_us: int | None = None) -> Iterator[Reader]:
    """Open the store for reading; a missing file reads as empty.

    Runs after `now_us` lie in the future; without it, those after the present time. Raises
    StoreError with one sentence if the file is broken, locked or not to be read, and
    StoreNewerError if a newer Docket wrote it.
    """
    try:
        with open_connection(path) as connection:
            yield Reader(connection, time.time_ns() // 1000 if now_us is None else now_us)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error


@contextmanager
def open_as_it_is(path: str) -> Iterator[Reader]:
    """Open a store for reading as it is: nothing is made, upgraded or followed.

    Raises StoreError as `open_reader`, and FileNotFoundError if there is none.
    """
    try:
        with open_unchanged(path) as connection:
            yield Reader(connection, time.time_ns() // 1000)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def check(path: str) -> list[str]:
    """Return what is wrong with the file, in sentences; an empty list if nothing is."""
    if not os.path.exists(path):
        return []
    try:
        with open_reader(path) as reader:
            found = reader.query("PRAGMA quick_check(10)")
    except StoreError as error:
        return [error.sentence]
    return [f"SQLite finds damage: {row[0]}." for row in found if row[0] != "ok"]

"""What the record says of fires: which are judged, what ran, and rows for those without a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from docket.errors import StoreError
from docket.model.record import Record
from docket.model.rows import RunRow
from docket.model.states import RunStatus, Trigger
from docket.model.time.fires import RunSpan
from docket.store.cleaning import LATEST_US, instant, integer, shallow_json
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.rows import write_run

_BY_TIMER = (Trigger.TIMER.value, Trigger.CATCH_UP.value)
_SPAN = (
    "SELECT run_id, scheduled_for, started_at, max(coalesce(finished_at, 0), coalesce((SELECT "
    "max(started_at + coalesce(duration_us, 0)) FROM hook_outcomes h WHERE h.run_id = r.run_id "
    # Ignore hooks that a later process ran: the unit was already idle.
    "AND h.started_at <= coalesce(r.finished_at, h.started_at) + 3600000000), "
    "0)), finished_at IS NULL, status, trigger FROM runs r WHERE task = ? AND dry_run = 0 "
)
_WORDS_OF_NO_PROCESS = (RunStatus.SKIPPED.value, RunStatus.MISSED.value)


class RecordedMisses(Record):
    """The rows of absent fires that the history of a task ends with, all for one reason."""

    run_ids: tuple[str, ...]  # newest first
    cause: str
    blocker: str | None
    first_us: int
    count: int


class Override(NamedTuple):
    """A pause or a skip of a task: from when on, and until when (None: without end)."""

    kind: str
    created_us: int
    until_us: int | None


class FireLedger:
    """The fires of tasks in an open store; each method may raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def checked_until(self, task: str) -> int | None:
        """Return the instant up to which the fires of a task have been judged."""
        row = self._connection.execute(
            "SELECT until FROM fires_checked WHERE task = ?", (task,)
        ).fetchone()
        return None if row is None else instant(row[0])

    def mark(self, task: str, until_us: int) -> None:
        """Set the instant up to which all is judged, without judging anything."""
        with Transaction(self._connection):
            _mark(self._connection, task, until_us)

    def spans(self, task: str, after_us: int) -> list[RunSpan]:
        """Return the runs since an instant, and those that were under way at it."""
        found = [
            *self._spans("AND started_at > ?", task, after_us),
            *self._spans("AND started_at <= ? AND finished_at IS NULL", task, after_us),
            *self._spans(
                "AND started_at <= ? AND status NOT IN (?, ?) ORDER BY started_at DESC LIMIT 1",
                task,
                after_us,
                *_WORDS_OF_NO_PROCESS,
            ),
        ]
        return list({span.run_id: span for span in found}.values())

    def standing(self, task: str, at_us: int, most: int) -> RecordedMisses | None:
        """Return the newest rows up to an instant, `most` at most, if they are absent fires'."""
        rows = self._connection.execute(
            "SELECT run_id, error_code, blocked_by, details FROM runs WHERE task = ? "
            "AND started_at <= ? ORDER BY started_at DESC, seq DESC LIMIT ?",
            (task, at_us, most),
        ).fetchall()
        run_ids: list[str] = []
        count, first = 0, 0
        for run_id, cause, blocker, text in rows:
            details = _details(text)
            if (cause, blocker) != rows[0][1:3] or "first_us" not in details:
                break
            run_ids.append(run_id)
            count += integer(details.get("count"))
            first = integer(details["first_us"])
        if not run_ids:
            return None
        return RecordedMisses(tuple(run_ids), rows[0][1], rows[0][2], first, count)

    def overrides(self, task: str) -> list[Override]:
        """Return the pauses and skips of a task."""
        rows = self._connection.execute(
            "SELECT kind, created_at, until FROM overrides WHERE task = ?", (task,)
        )
        return [
            Override(str(kind), integer(created), instant(until)) for kind, created, until in rows
        ]

    def boot_spans(self, since_us: int) -> list[tuple[str, int, int]]:
        """Return (boot id, first instant, last instant) of the boots that recorded runs name."""
        rows = self._connection.execute(
            "SELECT boot_id, min(started_at), max(coalesce(finished_at, started_at)) FROM runs "
            "WHERE started_at BETWEEN ? AND ? AND boot_id IS NOT NULL GROUP BY boot_id",
            (since_us, LATEST_US),
        )
        return [(str(boot), int(first), int(last)) for boot, first, last in rows]

    def settle(
        self,
        task: str,
        before_us: int | None,
        until_us: int,
        rows: Sequence[RunRow],
        replaced: Sequence[str] = (),
    ) -> bool:
        """Write rows and the new mark in one transaction; False if another was quicker.

        `replaced` are rows of absent fires that one of `rows` takes in.
        """
        with Transaction(self._connection, durable=bool(rows)):
            if self.checked_until(task) != before_us:
                return False
            # No update: a finished row refuses those. It comes back longer, in the same commit.
            self._connection.executemany(
                "DELETE FROM runs WHERE run_id = ?", [(run_id,) for run_id in replaced]
            )
            for row in rows:
                write_run(self._connection, row)
            _mark(self._connection, task, until_us)
        return True

    def _spans(self, rest: str, *values: object) -> Iterator[RunSpan]:
        rows = self._connection.execute(_SPAN + rest, values)
        for run_id, scheduled_for, start, end, open_still, status, trigger in rows:
            if instant(start) is None or instant(end) is None:
                continue  # a damaged row, which `db check` names
            yield RunSpan(
                run_id=run_id,
                scheduled_for_us=instant(scheduled_for),
                start_us=start,
                end_us=None if open_still else end,
                ran=status not in _WORDS_OF_NO_PROCESS,
                by_timer=trigger in _BY_TIMER,
            )


@contextmanager
def open_ledger(path: str, busy_seconds: float) -> Iterator[FireLedger]:
    """Open the store (made if it is missing) for judging fires; StoreError if it fails."""
    try:
        with closing(open_for_writing(path, busy_seconds)) as connection:
            yield FireLedger(connection)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The database {path} cannot be written now: {error}.",
            hint="It is written the next time.",
        ) from error


def _details(text: Any) -> dict[str, Any]:
    try:
        found = shallow_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _mark(connection: sqlite3.Connection, task: str, until_us: int) -> None:
    connection.execute(
        "INSERT INTO fires_checked VALUES (?, ?) "
        "ON CONFLICT (task) DO UPDATE SET until = excluded.until",
        (task, until_us),
    )

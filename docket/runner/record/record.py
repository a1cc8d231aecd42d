"""The record of one run: in the database, else in the spool, and in the journal in any case.

Nothing here ever stops the job: a database that is locked, full or broken only changes where the
record goes.
"""

from __future__ import annotations

import os
import time

from docket.errors import StoreError
from docket.model.jsontext import dumps
from docket.model.states import RunStatus
from docket.store.connection import Transaction, connect_read_only, sqlite3
from docket.store.opening import open_for_writing
from docket.store.rows import (
    claim_hook,
    rewrite_run,
    run_values,
    write_attempts,
    write_events,
    write_hook,
    write_run,
)
from docket.store.spool import merge, spool, spool_directories, spool_events, spooled_files
from docket.systemd.journal import RUN_BEGAN, RUN_ENDED, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from docket.model.rows import AttemptRow, HookRow, RunRow
    from docket.store.rows import Event

    Answer = TypeVar("Answer")

_BUSY_AT_START = 2.0
_BUSY_AT_END = 5.0
_BUSY_FOR_EVENTS = 0.2
_RETRY_SECONDS = 5.0  # how long a database that failed is left alone by events
_BATCH = 1000
_MOST_EVENT_BYTES = 512 * 1024 * 1024  # for one run; an endless task must not fill the disk
_EVENT_ROW_BYTES = 64  # what the database needs for an event beside its text
_BATCH_SECONDS = 0.1
_KEPT: list[sqlite3.Connection] = []  # kept open until the process ends: see Recorder.close
_FAILURES = (sqlite3.Error, OSError, StoreError)


class Recorder:
    """Writes one run (`row`) and what belongs to it.

    `problem` says why the database was not used.
    """

    def __init__(
        self,
        state_db: str,
        lock_dir: str,
        row: RunRow,
        now_us: Callable[[], int],
        most_event_bytes: int = _MOST_EVENT_BYTES,
    ) -> None:
        self._state_db = state_db
        self._spools = spool_directories(state_db, lock_dir)
        self.row = row
        self._now_us = now_us
        self._connection: sqlite3.Connection | None = None
        self._attempts: list[AttemptRow] = []
        self._hooks: dict[int, HookRow] = {}
        self._events: list[Event] = []
        self._written: list[Any] | None = None  # the row as this process wrote it last
        self._event_count = 0
        self._room_for_events = most_event_bytes
        self._events_due: float | None = None
        self._resume_at = 0.0
        self._is_unwritten = False  # whether the database refused the row of a run under way
        # Once the end of the run is spooled, the hooks go there too: none waits for the database.
        self._spooled = False
        self.keep_end: Callable[[dict[str, Any]], bool] | None = None  # where no file can be made
        self.problem: str | None = None

    @property
    def connection(self) -> sqlite3.Connection | None:
        """The open database, for questions; None if there is none."""
        if self._connection is None and self.problem is None:
            self._open(_BUSY_AT_START)
        return self._connection

    def _open(self, busy: float) -> None:
        try:
            self._connection = open_for_writing(self._state_db, busy, upgrade=False)
        except _FAILURES as error:
            self._note(error)

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
        """Return what the database answers, or None if it cannot be asked.

        A database that cannot be opened for writing now is read as it is: orders hold.
        """
        connection = self.connection
        if connection is None:
            return self._ask_as_it_is(question)
        try:
            return question(connection)
        except sqlite3.Error:
            return self._ask_as_it_is(question)

    def _ask_as_it_is(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
        for locked in (False, True):
            try:
                connection = connect_read_only(self._state_db, 0, locked=locked)
            except sqlite3.Error:
                continue
            try:
                return question(connection)
            except sqlite3.Error:
                continue
            finally:
                connection.close()
        return None

    def change(self, change: Callable[[sqlite3.Connection], None]) -> bool:
        """Run `change` in a transaction of its own; False if the database cannot be written."""
        return not self._spooled and self._write(change, _BUSY_AT_START)

    def begin(self) -> None:
        """Record that the run is under way; `tick` tries again what cannot be written now."""
        self._write_row(_BUSY_AT_START)
        row = self.row
        self._journal(RUN_BEGAN, 6, f"Run {row.run_id} of {row.task} began ({row.trigger}).")

    def wait(self) -> None:
        """Record that the run is pending; its summary says for what."""
        self._write_row(_BUSY_AT_START)

    def attempt(self, attempt: AttemptRow) -> None:
        """Keep an attempt; it is written with the end of the run, or before the next attempt."""
        self._attempts.append(attempt)

    def save_attempts(self) -> None:
        """Write the attempts so far, before a wait that may be long."""
        row, attempts = self.row, self._attempts
        self._write(lambda c: write_attempts(c, row.run_id, attempts), _BUSY_FOR_EVENTS)

    def event(self, event: dict[str, Any], text: str) -> None:
        """Queue an event that the task reported; `text` is its JSON."""
        self._room_for_events -= len(text) + _EVENT_ROW_BYTES
        if self._room_for_events < 0:
            left_out = self.row.details.get("events_left_out", 0)
            self.row.note(events_left_out=left_out + 1)
            return
        self._event_count += 1
        stamp = event.get("timestamp")
        kind = event.get("event") or event.get("type") or event.get("status")
        self._events.append(
            (
                self._event_count,
                self._now_us(),
                _storable(stamp),
                _storable(kind),
                text,
            )
        )
        if len(self._events) >= _BATCH:
            self.flush_events()

    def tick(self, now: float) -> float | None:
        """Write the row or the events if that is due; return when to come again (monotonic)."""
        if self._is_unwritten and now >= self._resume_at:
            self._write_row(_BUSY_FOR_EVENTS)
        retry = self._resume_at if self._is_unwritten else None
        if not self._events:
            return retry
        if self._events_due is None:
            self._events_due = now + _BATCH_SECONDS
        elif now >= self._events_due:
            self.flush_events()
        return min((at for at in (self._events_due, retry) if at is not None), default=None)

    def flush_events(self) -> None:
        """Write the events that wait, into the database or the spool."""
        events, self._events = self._events, []
        self._events_due = None
        if not events:
            return
        run_id = self.row.run_id
        if self._is_unwritten and time.monotonic() >= self._resume_at:
            self._write_row(_BUSY_FOR_EVENTS)
        if time.monotonic() >= self._resume_at and self._write(
            lambda c: write_events(c, run_id, events), _BUSY_FOR_EVENTS
        ):
            return
        self._resume_at = time.monotonic() + _RETRY_SECONDS
        spool_events(self._spools, run_id, events)

    def end(self) -> None:
        """Record the end of the run, durably, before any notification."""
        self.flush_events()
        row = self.row

        if not self._write_row(_BUSY_AT_END, durable=True):
            self._spool()
        priority = 6 if row.status in (RunStatus.SUCCEEDED, RunStatus.SKIPPED) else 3
        self._journal(RUN_ENDED, priority, f"Run {row.run_id} of {row.task}: {row.summary}")

    def claim_hook(self, hook: HookRow) -> bool:
        """Record that a hook begins; False if another process has begun it already."""
        claimed = [True]

        def claim(connection: sqlite3.Connection) -> None:
            claimed[0] = claim_hook(connection, self.row.run_id, hook)

        if self._spooled or not self._write(claim, _BUSY_AT_START):
            self.hook(hook)
        self._hooks[hook.position] = hook
        return claimed[0]

    def hook(self, hook: HookRow) -> None:
        """Record how a hook ended."""
        self._hooks[hook.position] = hook
        run_id = self.row.run_id
        written = not self._spooled and self._write(
            lambda c: write_hook(c, run_id, hook), _BUSY_AT_START
        )
        if not written:
            self._spool()

    def close(self) -> None:
        """Take into the database what was spooled; the runner is about to end.

        The connection stays open: closing the last one would write the whole WAL into the database
        (three fsyncs), and the next run would begin a new one. The end of the process frees it.
        """
        if self._connection is None:
            return
        _KEPT.append(self._connection)
        if self._spooled:
            return
        if spooled_files(self._spools):
            merge(self._state_db, self._spools, _BUSY_FOR_EVENTS, upgrade=False)

    def _write_row(self, busy: float, *, durable: bool = False) -> bool:
        """Write the row, and with `durable` its attempts; what is as it was costs nothing."""
        row, known = self.row, self._written
        values = run_values(row)

        def write(connection: sqlite3.Connection) -> None:
            if known is None:
                write_run(connection, row)
            else:
                rewrite_run(connection, row, values, known)
            if durable:
                write_attempts(connection, row.run_id, self._attempts)

        written = self._write(write, busy, durable=durable)
        self._is_unwritten = not written
        if written:
            self._written = values
        else:
            self._resume_at = time.monotonic() + _RETRY_SECONDS
        return written

    def _write(
        self, write: Callable[[sqlite3.Connection], None], busy: float, *, durable: bool = False
    ) -> bool:
        """Run `write` in a transaction; False, with `problem` set, if that cannot be."""
        self.problem = None
        if self._connection is None:
            self._open(busy)
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(busy * 1000)}")
            with Transaction(connection, durable=durable):
                write(connection)
        except _FAILURES as error:
            self._note(error)
            return False
        return True

    def _note(self, error: Exception) -> None:
        """Keep why the database failed, and open it again the next time."""
        self.problem = f"The database {self._state_db} could not be written: {error}."
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _spool(self) -> None:
        self._spooled = True
        path = spool(
            self._spools, self.row, self._attempts, list(self._hooks.values()), self._events
        )
        if path is None:
            self._keep_in_lock()
            record = dumps(self.row.to_json())
            self._journal(
                RUN_ENDED,
                3,
                f"{self.problem} Only this journal entry has the record.",
                DOCKET_RECORD=record,
            )

    def _keep_in_lock(self) -> None:
        """Keep the end in the run's lock file, with its details if there is room for them."""
        whole = self.row.to_json()
        if self.keep_end is not None and not self.keep_end(whole):
            self.keep_end({**whole, "details": {}})

    def _journal(self, message_id: str, priority: int, message: str, **more: str) -> None:
        row = self.row
        send(
            message,
            message_id=message_id,
            priority=priority,
            fields={
                "DOCKET_RUN_ID": row.run_id,
                "DOCKET_TASK": row.task,
                "DOCKET_STATUS": row.status,
                "DOCKET_ERROR_CODE": row.error_code,
                "DOCKET_TRIGGER": row.trigger,
                "DOCKET_UNIT": row.unit,
                "DOCKET_PLAN": row.plan_hash,
                "DOCKET_PID": os.getpid(),
                **more,
            },
        )


def _storable(value: object) -> str | None:
    """Return a text as SQLite takes it: half a character (JSON can say one) becomes a `?`."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode(errors="replace").decode()

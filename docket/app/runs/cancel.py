"""Cancelling a run: the request is recorded first, then what runs is ended, and nothing else.

No stored process id is ever signalled. A unit is stopped while its invocation is the run's, and
otherwise the signal goes to the process that holds the run's lock, by a pidfd.
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import state_db
from docket.app.catalog.planfiles import read_plan
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.record.liveness import leftovers_owner, lock_dir_of
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.session.session import Session
from docket.app.text.documents import run_document
from docket.errors import BusError, DocketError
from docket.files import write_volatile
from docket.model import signals
from docket.model.ends.runnerends import End
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.states import RunStatus
from docket.runfiles import CANCEL, LOCK, discard, run_file
from docket.store.closing import close_run
from docket.store.holders import open_holder
from docket.store.orders.cancelrequest import record_cancel_request
from docket.strays import kill_leftovers

if TYPE_CHECKING:
    from docket.app.runs.shapes import CancelledDocument, TerminationDocument

_AT_WORK = ("active", "activating", "reloading", "deactivating")
_HOOK_SECONDS = 30.0  # each
_MARGIN_SECONDS = 5.0
_STARTING_SECONDS = 20.0  # a run that was asked for just now, and has no runner yet
_SETTLE_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_UNSTARTED = End(RunStatus.CANCELLED, "cancelled", "Cancelled before it began")


class CancelError(DocketError):
    """The request is recorded, but what runs could not be ended from here."""

    code = "run.cancel_failed"


class Termination(Record):
    """How the run was ended: by its `unit`, by the `lock_holder`, or `request` (it read that)."""

    method: str
    unit: str | None = None
    pid: int | None = None
    signal: str | None = None
    killed: tuple[int, ...] = ()  # processes that had to be killed

    def document(self) -> TerminationDocument:
        """Return it as a JSON object."""
        return {
            "method": self.method,
            "unit": self.unit,
            "pid": self.pid,
            "signal": self.signal,
            "killed": list(self.killed),
        }


class Cancellation(Record):
    """The run as it is now, and how it was ended; None if nothing had to be signalled."""

    run: RunRecord
    termination: Termination | None

    @property
    def cancelled(self) -> bool:
        """Whether the run is cancelled, by this call or by an earlier one."""
        return self.run.status is RunStatus.CANCELLED

    def document(self) -> CancelledDocument:
        """Return the run as `docket cancel --json` prints it."""
        return {
            **run_document(self.run),
            "cancelled": self.cancelled,
            "termination": self.termination.document() if self.termination is not None else None,
        }


def cancel(session: Session, run_id: str) -> Cancellation:
    """Ask that the run be cancelled, end what runs of it, and return when it is over.

    A run that is over is not touched. `run_id` may be whatever `find_run` takes. Raises
    RunNotFoundError, and CancelError if the request is recorded but the run could not be ended.
    """
    with open_record(session) as reader:
        run = find_run(reader, run_id)
    if run.status.final:
        return Cancellation(run, None)
    lock_dir = lock_dir_of(session.paths, run.task)
    _record_request(session, run, lock_dir)
    ended = _end(session, run, run_file(lock_dir, run.run_id, LOCK))
    found = _settled(session, run)
    discard(run_file(lock_dir, run.run_id, CANCEL))
    before, after = ({"run": one.run_id, "status": str(one.status)} for one in (run, found))
    note_changes(session, [ChangeRow("cancel", run.task, before, after)])
    return Cancellation(found, ended)


def _record_request(session: Session, run: RunRecord, lock_dir: str) -> None:
    recorded = record_cancel_request(state_db(session), run.run_id, session.now_us())
    try:
        write_volatile(run_file(lock_dir, run.run_id, CANCEL), b"")
    except OSError as error:
        if not recorded:
            raise _failure(run, f"the request cannot be recorded: {error.strerror}") from None


def _end(session: Session, run: RunRecord, lock: str) -> Termination:
    """End what runs, as soon as there is something; the runner may just be starting."""
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        if _stop_unit(session, run):
            return Termination("unit", unit=run.unit, signal="SIGTERM")
        holder = open_holder(lock)
        if holder is not None:
            pid, pidfd = holder
            try:
                return _end_holder(session, run, pid, pidfd)
            finally:
                os.close(pidfd)
        with open_record(session) as reader:
            run = find_run(reader, run.run_id)
        if run.status.final:
            return Termination("request")
        if time.monotonic() > deadline:
            raise _failure(run, "no process that runs it was found")
        time.sleep(_LOOK_SECONDS)


def _stop_unit(session: Session, run: RunRecord) -> bool:
    """Stop the run's unit if its present invocation is the run's; return whether it was."""
    if run.unit is None:
        return False
    units = session.units()
    try:
        state = units.detail(run.unit)
    except BusError:
        return False
    own = run.run_id in run.unit  # made for this run only
    if not own and (not run.invocation_id or state.invocation_id != run.invocation_id):
        return False
    waits = own and run.status is RunStatus.PENDING  # a queued start is cancelled
    if state.active_state not in _AT_WORK and not waits:
        return False
    try:
        units.stop([run.unit])
    except BusError:
        return False  # it takes longer than the bus waits, or is gone: ask the lock's holder
    if waits:
        _close_unstarted(session, run)
    return True


def _close_unstarted(session: Session, run: RunRecord) -> None:
    """Close the row of a run whose unit was taken back before its runner came up."""
    with open_record(session) as reader:
        found = find_run(reader, run.run_id)
    if found.status is RunStatus.PENDING:
        path = state_db(session)
        close_run(path, run.run_id, _UNSTARTED, finished_us=session.now_us(), details={})


def _end_holder(session: Session, run: RunRecord, pid: int, pidfd: int) -> Termination:
    """TERM, which the runner passes on to all of its own; KILL if it does not end in time."""
    used = signals.SIGTERM
    killed: list[int] = []
    try:
        signals.pidfd_send_signal(pidfd, signals.SIGTERM)
        if not _ends_within(pidfd, _patience_seconds(session, run)):
            used = signals.SIGKILL
            signals.pidfd_send_signal(pidfd, signals.SIGKILL)
            _ends_within(pidfd, _MARGIN_SECONDS)
            killed.append(pid)
    except ProcessLookupError:
        pass  # it ended by itself meanwhile
    except PermissionError:
        raise _failure(run, f"process {pid} that runs it belongs to another user") from None
    if run.unit is None:
        killed += kill_leftovers(run.run_id, leftovers_owner(session.paths, run.task))
    return Termination("lock_holder", run.unit, pid, signals.signal_name(used), tuple(killed))


def _patience_seconds(session: Session, run: RunRecord) -> float:
    """Return how long the runner may take: the child's grace, and the time of the hooks."""
    plan = read_plan(session.paths, run.task)
    if plan is None:
        return 60.0 + _MARGIN_SECONDS
    notify = plan.notify.timeout_seconds if plan.notify is not None else 0.0
    return plan.grace_seconds + _HOOK_SECONDS * len(plan.hooks) + notify + _MARGIN_SECONDS


def _ends_within(pidfd: int, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(pidfd, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


def _settled(session: Session, run: RunRecord) -> RunRecord:
    """Return the run once its row is final; its finalizer may still be at it."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        with open_record(session) as reader:
            found = find_run(reader, run.run_id)
        if found.status.final:
            return found
        if time.monotonic() > deadline:
            raise _failure(run, "it was signalled, but its end is not recorded yet")
        time.sleep(_LOOK_SECONDS)


def _failure(run: RunRecord, why: str) -> CancelError:
    return CancelError(
        f"Run {run.run_id} of {run.task} could not be cancelled: {why}.",
        hint=f"docket status --run-id {run.run_id} shows its state.",
        run_id=run.run_id,
        status="cancel_failed",
        task=run.task,
    )

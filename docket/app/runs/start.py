"""`docket run --async`: a run that goes on by itself, and the receipt that it is under way.

The row is in the store before anything is started. If the store is locked, full or read-only the
run starts anyway, as in the foreground, and its runner keeps the record.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from docket.app.catalog.idlelimits import limit_warnings
from docket.app.catalog.lookup import current_plan
from docket.app.record.liveness import is_held
from docket.app.record.runrequests import Launcher, requested
from docket.app.runs.durations import typical_duration
from docket.app.runs.options import RunOptions
from docket.app.runs.pendingrow import (
    as_recorded,
    exec_words,
    pending_row,
    recorded_in_advance,
    recording_refusals,
)
from docket.app.runs.receipts import Receipt, asked_at, expectation
from docket.app.runs.sandboxing import in_its_sandbox
from docket.app.runs.transientunit import launcher_of, transient_properties, transient_unit
from docket.app.session.ports import UnitManager
from docket.app.session.session import Session
from docket.errors import (
    BusError,
    KeyTakenError,
    NotStartedError,
    StoreError,
)
from docket.model.plan import Plan
from docket.model.rows import RunRow
from docket.model.states import RunStatus
from docket.paths import exec_command
from docket.runfiles import LOCK, run_file
from docket.store.logfiles import log_path
from docket.store.pending import find
from docket.store.reader import open_reader

if TYPE_CHECKING:
    from docket.app.text.shapes import DurationsDocument

_NO_LINGER = "Linger is off: the run ends when you log out (loginctl enable-linger keeps it)."
_PATIENCE_SECONDS = 10.0  # how long a receipt waits for the process that it names
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1


def start(session: Session, task: str, options: RunOptions) -> Receipt:
    """Start a run in the background and return its receipt.

    For an idempotency key that the task has had before, nothing is started and the first run's
    receipt is returned. Raises StoreError if a run with a key cannot be recorded,
    NotStartedError if it cannot be started (its row says so too), KeyTakenError,
    NeedsSystemdError, BusError and what compiling raises.
    """
    plan = in_its_sandbox(session, current_plan(session, task), options.trigger, options.sandbox)
    units = session.units()
    row = pending_row(session, plan, options)
    if launcher_of(units, plan, options.launcher) is Launcher.SYSTEMD:
        row.unit = transient_unit(plan, row.run_id)
    known, warnings = _typical_duration(plan, asked_at(row.run_id))
    row.details.update({"mode": "async", **expectation(known)})
    asked = as_recorded(plan, row)
    first, problem = recorded_in_advance(plan, asked)
    if first.run_id != row.run_id:
        return _first_receipt(session, units, plan, first, asked)
    pid = _launch(session, units, plan, row, options)
    pid = pid or _await_pid(lambda: _pid_now(units, plan, row, recorded=problem is None))
    if problem is not None:
        _await_pid(lambda: _pid_if_visible(plan, row, pid))
    receipt = _receipt(session, units, plan, row, pid)
    doubts = () if row.unit is None else limit_warnings(session, plan)
    warnings = (*receipt.warnings, *warnings, *([problem] if problem else []), *doubts)
    said = dict.fromkeys(warnings)
    return receipt.replace(typical_duration=known, warnings=tuple(said))


def _launch(
    session: Session, units: UnitManager, plan: Plan, row: RunRow, options: RunOptions
) -> int | None:
    """Start the run; if that fails its row is closed and NotStartedError raised.

    Returns the process that was started, or None if the service manager starts it.
    """
    words = exec_words(row, options)
    if row.unit is None:
        from docket.app.record.reconcile import clear_the_way  # noqa: PLC0415  (without a unit)

        clear_the_way(session, plan.state_db)
    with recording_refusals(session, plan, row), requested(plan, row):
        if row.unit is None:
            return _detach(session, plan, words)
        units.start_transient(row.unit, transient_properties(plan, row.run_id, words))
        return None


def _detach(session: Session, plan: Plan, words: Sequence[str]) -> int:
    from docket.app.runs.detached import start_detached  # noqa: PLC0415  (runs without a unit)

    command = [*exec_command(), plan.task, *session.paths.exec_arguments(), *words, "--quiet"]
    return start_detached(command, session.environ)


def _pid_now(units: UnitManager, plan: Plan, row: RunRow, *, recorded: bool = True) -> int | None:
    """Return the run's process; 0 while it has none, None if nobody knows it any more.

    The store is asked only for a run that is `recorded`.
    """
    if row.unit is not None:
        try:
            pid = units.main_pid(row.unit)
        except BusError:
            pid = None
        if pid is not None:
            return pid
    standing = find(plan.state_db, row.run_id) if recorded else None
    return None if standing is None else standing.pid


def _pid_if_visible(plan: Plan, row: RunRow, pid: int | None) -> int | None:
    """Return 0 until a run that is not in the store holds its lock, where readers find it."""
    begun = is_held(run_file(plan.lock_dir, row.run_id, LOCK))
    over = pid is None or not os.path.exists(f"/proc/{pid}")
    return pid if begun or over else 0


def _await_pid(ask: Callable[[], int | None]) -> int | None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while (pid := ask()) == 0 and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return pid or None


def _first_receipt(
    session: Session, units: UnitManager, plan: Plan, row: RunRow, asked: RunRow
) -> Receipt:
    """Return the receipt of the run that has the key, once it is known to have been started."""
    if row.params != asked.params:
        raise KeyTakenError(
            f"The key {row.idempotency_key!r} belongs to run {row.run_id}, "
            "which was given other parameters.",
            hint="Take another key for another request.",
            task=plan.task,
            run_id=row.run_id,
        )

    def ask() -> int | None:
        standing = find(plan.state_db, row.run_id)
        if standing is None or standing.error_code == "not_started":
            why = "The run could not be started." if standing is None else standing.summary
            raise NotStartedError(why, task=plan.task, run_id=row.run_id)
        if standing.pid is not None:
            return standing.pid
        if RunStatus(standing.status).final:
            return None
        return _pid_now(units, plan, standing) or 0

    receipt = _receipt(session, units, plan, row, _await_pid(ask))
    return _with_typical_duration(plan, receipt).replace(repeated=True)


def _receipt(
    session: Session, units: UnitManager, plan: Plan, row: RunRow, pid: int | None
) -> Receipt:
    return Receipt(
        task=row.task,
        run_id=row.run_id,
        pid=pid,
        started_us=asked_at(row.run_id),  # of the request; the row has the time of the start
        log_path=log_path(plan.log_dir, row.run_id),
        unit=row.unit,
        launcher=str(Launcher.DIRECT if row.unit is None else Launcher.SYSTEMD),
        idempotency_key=row.idempotency_key,
        warnings=() if row.unit is None or units.linger() is not False else (_NO_LINGER,),
        program=session.program,
    )


def _with_typical_duration(plan: Plan, receipt: Receipt) -> Receipt:
    """Add the typical duration as of the request, so that a repeated receipt is the same."""
    known, warnings = _typical_duration(plan, receipt.started_us)
    return receipt.replace(typical_duration=known, warnings=(*receipt.warnings, *warnings))


def _typical_duration(
    plan: Plan, asked_us: int
) -> tuple[DurationsDocument | None, tuple[str, ...]]:
    """Return what such runs took before the run was asked for, and why that is not known."""
    try:
        with open_reader(plan.state_db) as reader:
            return typical_duration(reader, plan.task, before_us=asked_us), ()
    except StoreError as error:
        return None, (error.sentence,)

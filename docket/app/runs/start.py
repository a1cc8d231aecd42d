"""`docket run --async`: a run that goes on by itself, and the receipt that it is under way.

The row is in the store before anything is started, so that no run is ever without a record.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from docket.app.catalog.lookup import current_plan
from docket.app.catalog.taskfiles import missing_credentials
from docket.app.record.liveness import boot_id
from docket.app.record.reconcile import clear_the_way
from docket.app.record.runrequests import Launcher, checked_key, checked_params, requested
from docket.app.runs.detached import start_detached
from docket.app.runs.receipts import Receipt, asked_at, expectation
from docket.app.runs.run import typical_duration
from docket.app.session.ports import UnitManager
from docket.app.session.session import Session
from docket.errors import (
    BusAbsentError,
    BusError,
    CredentialMissingError,
    DocketError,
    KeyTakenError,
    NeedsSystemdError,
    NotStartedError,
    StoreError,
)
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.secretnames import hidden_parameters
from docket.model.states import RunStatus, Trigger
from docket.paths import exec_command
from docket.store.logfiles import log_path
from docket.store.pending import claim, close_unstarted, find
from docket.store.reader import open_reader

if TYPE_CHECKING:
    from docket.app.shapes.text import DurationsDocument

_NO_LINGER = "Linger is off: the run ends when you log out (loginctl enable-linger keeps it)."
_PATIENCE_SECONDS = 10.0  # how long a receipt waits for the process that it names
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1


class Wish(Record):
    """What the caller wants of the run beside its task; `gated` refuses a destructive one."""

    force: bool = False
    idempotency_key: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    launcher: Launcher = Launcher.AUTO
    trigger: Trigger = Trigger.ASYNC
    gated: bool = False
    run_id: str | None = None  # one that `make_run_id` made; else one is made


def start(session: Session, task: str, wish: Wish) -> Receipt:
    """Start a run in the background and return its receipt.

    For an idempotency key that the task has had before, nothing is started and the first run's
    receipt is returned. Raises StoreError where the run cannot be recorded, NotStartedError where
    it cannot be started (its row says so too), KeyTakenError, NeedsSystemdError, BusError and what
    compiling raises.
    """
    plan = current_plan(session, task)
    units = session.units()
    row = pending_row(session, plan, wish)
    if launcher_of(units, plan, wish.launcher) is Launcher.SYSTEMD:
        row.unit = transient_unit(plan, row.run_id)
    known, warnings = _typical_duration(plan, asked_at(row.run_id))
    row.details.update({"mode": "async", **expectation(known)})
    asked = as_recorded(plan, row)
    standing = claim(plan.state_db, asked)
    if standing.run_id != row.run_id:
        return _first_receipt(session, units, plan, standing, asked)
    pid = _launch(session, units, plan, row, wish)
    pid = pid or _await_pid(lambda: _pid_now(units, plan, row))
    receipt = _receipt(session, units, plan, row, pid)
    return receipt.replace(typical_duration=known, warnings=(*receipt.warnings, *warnings))


def transient_unit(plan: Plan, run_id: str) -> str:
    """Return the name of the unit that is made for one run alone."""
    return f"{plan.unit.removesuffix('.service')}-{run_id}.service"


def transient_properties(plan: Plan, run_id: str, words: Sequence[str]) -> list[list[Any]]:
    """Return the properties of the unit of one run; `words` are added to `docket exec`'s."""
    found: list[list[Any]] = [["CollectMode", "s", "inactive-or-failed"]]
    for name, signature, value in plan.service:
        if name == "ExecStartEx":
            found.append([name, signature, [_with_words(value[0], words)]])
        elif name == "ExecStopPostEx":
            found.append([name, signature, [_with_run_id(value[0], run_id)]])
        else:
            found.append([name, signature, value])
    return found


def _with_words(line: Sequence[Any], words: Sequence[str]) -> list[Any]:
    program, argv, flags = line
    return [program, [*argv, *words], flags]


def _with_run_id(line: Sequence[Any], run_id: str) -> list[Any]:
    """Tell the finalizer, the last word of a shell's line, which run it closes."""
    program, argv, flags = line
    return [program, [*argv[:-1], f"{argv[-1]} --run-id {run_id}"], flags]


def launcher_of(units: UnitManager, plan: Plan, wished: Launcher) -> Launcher:
    """Return what starts a run, before anything is recorded.

    NeedsSystemdError where that cannot be a unit and must be one; BusAbsentError where systemd was
    asked for by name.
    """
    if wished != Launcher.DIRECT:
        try:
            units.version()
        except BusAbsentError as error:
            if wished == Launcher.SYSTEMD:
                raise
            if plan.needs_systemd:
                raise _needs_systemd(plan, error.sentence, error.hint) from None
            return Launcher.DIRECT
        if plan.service_unsaid:
            raise _needs_its_own_unit(plan)
        _require_credentials(plan)
        return Launcher.SYSTEMD
    if plan.needs_systemd:
        hint = "Leave --launcher direct out."
        raise _needs_systemd(plan, "A session of its own cannot.", hint)
    return Launcher.DIRECT


def _require_credentials(plan: Plan) -> None:
    """Raise CredentialMissingError where systemd could not hand over a credential's file."""
    for name, _signature, value in plan.service:
        if name == "LoadCredential":
            for sentence in missing_credentials(tuple((one, path) for one, path in value)):
                raise CredentialMissingError(
                    f"Task {plan.task!r} is not started: {sentence}",
                    hint="Write the secret into that file, mode 0600.",
                    task=plan.task,
                )


def _needs_systemd(plan: Plan, why: str, hint: str | None) -> NeedsSystemdError:
    return NeedsSystemdError(
        f"Task {plan.task!r} has limits or credentials that only a systemd unit can give it. {why}",
        hint=hint,
        task=plan.task,
        unit=plan.unit,
    )


def _needs_its_own_unit(plan: Plan) -> NeedsSystemdError:
    user = "" if plan.system else "--user "
    return NeedsSystemdError(
        f"Task {plan.task!r} cannot be given a unit of its own: {plan.service_unsaid[0]}.",
        hint=f"Install it, then start its unit: systemctl {user}start {plan.unit}",
        task=plan.task,
        unit=plan.unit,
    )


def pending_row(session: Session, plan: Plan, wish: Wish) -> RunRow:
    """Return the row of a run that is about to begin; nothing is recorded yet.

    Raises ParameterError and UsageError for what cannot be given to a run.
    """
    params = checked_params(plan, wish.params)
    key = checked_key(wish.idempotency_key)
    now_us = session.now_us()
    run_id = wish.run_id or make_run_id(now_us, os.urandom(4))
    return RunRow(
        run_id=run_id,
        task=plan.task,
        trigger=wish.trigger.value,
        started_at=now_us,
        status=RunStatus.PENDING.value,
        summary="About to begin",
        boot_id=boot_id(),
        plan_hash=plan.plan_hash,
        log_path=log_path(plan.log_dir, run_id),
        params=params,
        idempotency_key=key,
    )


def as_recorded(plan: Plan, row: RunRow) -> RunRow:
    """Return a row as the store may have it: without the values of parameters that are secrets."""
    shown = RunRow(**row.to_json())
    shown.params = hidden_parameters(row.params, plan.secrets)
    return shown


def _launch(
    session: Session, units: UnitManager, plan: Plan, row: RunRow, wish: Wish
) -> int | None:
    """Start the run; where that fails its row is closed and NotStartedError raised.

    Returns the process that was started, or None where the service manager starts it.
    """
    words = exec_words(row, wish)
    if row.unit is None:
        clear_the_way(session, plan.state_db)
    with recording_refusals(session, plan, row), requested(plan, row):
        if row.unit is None:
            return _detach(session, plan, words)
        units.start_transient(row.unit, transient_properties(plan, row.run_id, words))
        return None


def exec_words(row: RunRow, wish: Wish) -> list[str]:
    """Return what `docket exec` is told of a run that was recorded in advance."""
    found = ["--trigger", row.trigger, "--run-id", row.run_id]
    return found + ["--force"] * wish.force + ["--no-destructive"] * wish.gated


@contextmanager
def recording_refusals(session: Session, plan: Plan, row: RunRow) -> Iterator[None]:
    """Close the row as failed where the run cannot be started, and raise NotStartedError."""
    try:
        yield
    except DocketError as error:
        raise _not_started(session, plan, row, error.sentence, error.hint) from error
    except OSError as error:
        why = f"{error.filename or plan.lock_dir}: {error.strerror}."
        raise _not_started(session, plan, row, why, None) from error


def _detach(session: Session, plan: Plan, words: Sequence[str]) -> int:
    command = [*exec_command(), plan.task, *session.paths.exec_arguments(), *words, "--quiet"]
    return start_detached(command, session.environ)


def _not_started(
    session: Session, plan: Plan, row: RunRow, why: str, hint: str | None
) -> DocketError:
    facts = {"task": plan.task, "run_id": row.run_id}
    summary = f"The run could not be started: {why}"
    try:
        closed = close_unstarted(plan.state_db, row.run_id, summary, now_us=session.now_us())
    except StoreError as error:
        return NotStartedError(f"{summary} {error.sentence}", hint=hint, **facts)
    if closed:
        return NotStartedError(summary, hint=hint, **facts)
    hint = f"It goes on by itself: docket wait {row.run_id}"
    return BusError(f"The run has begun, and its manager was lost: {why}", hint=hint, **facts)


def _pid_now(units: UnitManager, plan: Plan, row: RunRow) -> int | None:
    """Return the run's process; 0 while it has none, None where nobody knows it any more."""
    if row.unit is not None:
        try:
            pid = units.main_pid(row.unit)
        except BusError:
            pid = None
        if pid is not None:
            return pid
    standing = find(plan.state_db, row.run_id)
    return None if standing is None else standing.pid


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
        started_us=asked_at(row.run_id),  # when it was asked for; the row has when it began
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

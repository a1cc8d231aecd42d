"""One trial of a task in a transient unit, and the evidence that it leaves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docket.app.record.liveness import is_held
from docket.app.record.runrequests import Launcher, checked_params, requested
from docket.app.runs.foreground import signals_in_turn
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.transientunit import launcher_of, transient_properties, transient_unit
from docket.app.runs.unitrun import our_output
from docket.app.session.session import Session
from docket.errors import BusError, DocketError, StoreError
from docket.files import is_own_directory, make_directory
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.rows import RunRow
from docket.runfiles import LOCK, run_file
from docket.store.logfiles import last_bytes, log_path
from docket.store.reader import open_reader
from docket.systemd.journalctl import read_refused_calls, read_unit
from docket.systemd.unitend import UnitEnd, read_unit_end

_OUTPUT_BYTES = 256 * 1024
_SIGSYS = 31
_LEFT_SECONDS = 3600.0
_NOT_IN_A_TRIAL = ("ExecStopPostEx",)  # the finalizer, because a trial has no record to close


class TrialEnd(Record):
    """What is known after a trial.

    `run` is None if its runner did not come to an end; `unit` is None if the unit left no failure.
    `said` is what systemd logged of the unit, `calls` the numbers of system calls that killed it.
    """

    run: RunRecord | None
    output: str
    unit: UnitEnd | None
    said: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()


def run_trial(
    session: Session, plan: Plan, run_id: str, options: RunOptions, attachment: Attachment
) -> TrialEnd:
    """Run the task once in a unit of its own and return what is known of it.

    Raises NeedsSystemdError, BusAbsentError, CredentialMissingError, ParameterError, BusError.
    """
    units = session.units()
    launcher_of(units, plan, Launcher.SYSTEMD)
    params = checked_params(plan, options.params)
    unit = transient_unit(plan, run_id)
    row = RunRow(
        run_id=run_id,
        task=plan.task,
        trigger=options.trigger.value,
        started_at=session.now_us(),
        unit=unit,
        params=params,
    )
    with _directory(plan, run_id) as directory:
        trial = plan.as_trial(directory)
        words = ["--trigger", row.trigger, "--run-id", run_id, "--trial", directory]
        words += ["--no-destructive"] * options.gated + ["--quiet"] * (not attachment.echo)
        properties = [
            one
            for one in transient_properties(plan, run_id, words)
            if one[0] not in (*_NOT_IN_A_TRIAL, "CollectMode")
        ]
        properties += our_output(attachment.output) if attachment.echo else []
        with signals_in_turn() as passed_on, requested(trial, row):
            units.run_transient(unit, properties, passed_on)
        return _evidence(session, trial, row)


def _evidence(session: Session, trial: Plan, row: RunRow) -> TrialEnd:
    system, environ = trial.system, session.environ
    unit = row.unit or ""
    end = read_unit_end(unit, system=system, environ=environ)
    failed = end is not None and end.active_state == "failed"
    run = _record(trial, row.run_id)
    output = _output(log_path(trial.log_dir, row.run_id))
    said: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()
    with suppress(DocketError):  # without the journal the answer only says less
        if failed and run is None:
            lines = read_unit(unit, system=system, environ=environ, spawning=True)
            said = tuple(line.message.decode(errors="replace") for line in lines)
        if failed and _was_refused_a_call(run, end):
            calls = read_refused_calls(row.started_at, environ=environ)
    if failed:
        with suppress(BusError):
            session.units().reset_failed([unit])
    return TrialEnd(run, output, end if failed else None, said, calls)


def _output(path: str) -> str:
    """Return the end of what the task printed; one that printed nothing has no log."""
    try:
        return last_bytes(path, _OUTPUT_BYTES)[0].decode(errors="replace")
    except OSError:
        return ""


def _record(trial: Plan, run_id: str) -> RunRecord | None:
    try:
        with open_reader(trial.state_db) as reader:
            run = reader.run(run_id)
    except StoreError:
        return None
    return run if run is not None and run.status.final else None


def _was_refused_a_call(run: RunRecord | None, end: UnitEnd | None) -> bool:
    """Whether SIGSYS ended the command or the runner."""
    if run is not None:
        by_shell = run.details.get("exit_code") == 128 + _SIGSYS
        return by_shell or run.details.get("signal") == "SIGSYS"
    return end is not None and not end.exited and end.exit_status == _SIGSYS


@contextmanager
def _directory(plan: Plan, run_id: str) -> Iterator[str]:
    """Give the directory of a trial; what the trial left in it goes away."""
    trials = os.path.join(plan.lock_dir, "trials")
    directory = os.path.join(trials, run_id)
    _sweep(trials)
    make_directory(directory)
    make_directory(os.path.join(directory, "runs"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep(trials: str) -> None:
    """Remove what is left of trials whose `docket try` was killed, once they are surely over."""
    for name in os.listdir(trials) if is_own_directory(trials) else ():
        directory = os.path.join(trials, name)
        with suppress(OSError):
            old = time.time() - os.lstat(directory).st_mtime > _LEFT_SECONDS
            if old and not is_held(run_file(directory, name, LOCK)):
                shutil.rmtree(directory, ignore_errors=True)

"""`docket exec --finalize`: closes a run whose runner died, from what systemd says of its end.

systemd starts it as ExecStopPost= when the result of the unit is not success. If the runner
ended by itself it has left nothing to do.
"""

from __future__ import annotations

import os
import sqlite3

from docket.errors import EnvironmentRefusedError, StoreError
from docket.model.ends.runnerends import CANCELLED, End, end_of_runner
from docket.model.plan import Plan
from docket.model.rows import RunRow
from docket.model.states import RunStatus, Trigger
from docket.runfiles import BESIDE_THE_LOCK, is_cancelled, remove_run_files
from docket.runner.admission.due import fire_of
from docket.runner.after.hooks import HookRunner
from docket.runner.attempt.unitlimits import UnitCounters, limits_in_words
from docket.runner.call.clock import now_us
from docket.runner.call.environment import (
    account_for,
    usable_environment,
)
from docket.runner.call.plans import read_plan
from docket.runner.record.locks import RunLock, dead_runs
from docket.runner.record.record import Recorder
from docket.runner.run import mask_for, new_row
from docket.store.logfiles import log_path
from docket.store.rows import run_of_id, runs_of_invocation, started_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.paths import Paths


def finalize(task: str, paths: Paths, run_id: str | None) -> int:
    """Close the run that this invocation left open, and run its pending hooks; return 0.

    In the own unit of the run `run_id`, the run is closed even if its runner never began; elsewhere
    it is already closed, and only its pending hooks are run.
    """
    invocation = os.environ.get("INVOCATION_ID", "")
    plan = read_plan(paths.plan(task))
    if plan is None:
        return 0
    if run_id is not None and "SERVICE_RESULT" not in os.environ:
        return _hooks_of_closed(plan, run_id)
    if not invocation:
        return 0
    row = _open_run(plan, invocation) or _unbegun_run(plan, run_id)
    if row is None and os.environ.get("EXIT_CODE") == "exited":
        return 0  # the runner ended by itself, and cleared up
    recorder, finished = _recorder(plan, row, invocation)
    if finished is None:
        finished = recorder.row
        if row is not None and row.finished_at is not None:
            recorder.close()
            return 0  # its runner had no other place for the end, which the next reader takes in
        if is_cancelled(plan.lock_dir, finished.run_id):
            end = CANCELLED
        else:
            result = os.environ.get("SERVICE_RESULT", "")
            end = end_of_runner(result, os.environ.get("EXIT_STATUS", ""))
        _close(finished, end)
        recorder.end()
    _end_run(plan, finished, recorder)
    return 0


def _unbegun_run(plan: Plan, run_id: str | None) -> RunRow | None:
    """Return the run that was announced and whose runner never wrote its row."""
    if run_id is None:
        return None
    recorder = Recorder(plan.state_db, plan.lock_dir, new_row(plan, run_id, "async", 0), now_us)
    connection = recorder.connection
    try:
        row = None if connection is None else run_of_id(connection, run_id)
    except sqlite3.Error:
        row = None
    recorder.close()
    if row is None or row.status != RunStatus.PENDING:
        return None
    row.invocation_id = os.environ.get("INVOCATION_ID")
    row.log_path = None
    return row


def _hooks_of_closed(plan: Plan, run_id: str) -> int:
    recorder = Recorder(plan.state_db, plan.lock_dir, new_row(plan, run_id, "manual", 0), now_us)
    connection = recorder.connection
    row = None if connection is None else run_of_id(connection, run_id)
    if row is not None and row.task == plan.task and row.finished_at is not None:
        recorder.row = row
        _end_run(plan, row, recorder)
    else:
        recorder.close()
    return 0


def _end_run(plan: Plan, row: RunRow, recorder: Recorder) -> None:
    """Run the hooks that nobody has begun, remove the files of the run, start what follows."""
    if row.log_path is not None:  # a confined task can write any path into its row
        row.log_path = log_path(plan.log_dir, row.run_id)
    try:
        lock = RunLock(
            plan.lock_dir, row.run_id
        )  # held as a runner does: see app/fires/maintain.py
    except OSError:
        lock = None
    _run_owed_hooks(plan, row, recorder)
    recorder.close()
    remove_run_files(plan.lock_dir, row.run_id, BESIDE_THE_LOCK)
    if lock is not None:
        lock.release()
    if plan.followers and "SERVICE_RESULT" not in os.environ:  # else the unit has a command for it
        from docket.runner.after.followers import start_followers  # noqa: PLC0415  (few tasks)

        start_followers(plan, row)


def _open_run(plan: Plan, invocation: str) -> RunRow | None:
    """Return the run of this invocation whose runner is dead, by its lock file."""
    for record in dead_runs(plan.lock_dir):
        if record.get("invocation_id") == invocation:
            try:
                return RunRow(**record)
            except TypeError:
                return None
    return None


def _recorder(plan: Plan, row: RunRow | None, invocation: str) -> tuple[Recorder, RunRow | None]:
    """Return the recorder of the run, and its row as well if that is final already."""
    started = now_us()
    known = row or new_row(plan, None, Trigger.MANUAL.value, started)
    recorder = Recorder(plan.state_db, plan.lock_dir, known, now_us)
    if row is None and (fire := fire_of(plan, recorder)) is not None:
        known.trigger, known.scheduled_for = fire[0].value, fire[1]
    connection = recorder.connection
    if connection is None:
        return recorder, None
    try:
        standing = _standing(connection, row, invocation)
    except (sqlite3.Error, StoreError):
        return recorder, None
    if standing is None:
        return recorder, None
    recorder.row = standing
    return recorder, standing if standing.finished_at is not None else None


def _standing(connection: sqlite3.Connection, row: RunRow | None, invocation: str) -> RunRow | None:
    if row is not None:
        return run_of_id(connection, row.run_id)
    found = runs_of_invocation(connection, invocation)
    return found[-1] if found else None


def _close(row: RunRow, end: End) -> None:
    row.status = end.status.value
    row.error_code = end.error_code
    row.summary = end.summary
    row.exit_code = end.status.exit_code
    passed = UnitCounters.of_unit(row.unit).passed_since(UnitCounters())
    if passed and end.error_code == "oom_kill":
        row.note(limits_passed=passed)
        row.summary = f"{limits_in_words(passed)} {end.summary}"
    row.note(
        service_result=os.environ.get("SERVICE_RESULT"), exit_status=os.environ.get("EXIT_STATUS")
    )
    row.finished_at = max(now_us(), row.started_at)


def _run_owed_hooks(plan: Plan, row: RunRow, recorder: Recorder) -> None:
    """Run the pending hooks and notifications of the run: what was begun is never done twice."""
    if not plan.hooks and plan.notify is None:
        return
    begun: set[int] = set()
    if recorder.connection is not None:
        try:
            begun = started_hooks(recorder.connection, row.run_id)
        except sqlite3.Error:
            begun = set()
    environment = _environment(plan)
    mask = mask_for(plan, environment)
    HookRunner(plan, row, environment, recorder, now_us, mask).run(begun)
    if plan.notify is not None:
        from docket.runner.after.notifications import Notifier  # noqa: PLC0415  (few tasks)

        Notifier(plan, row, environment, recorder, now_us, mask).ended(begun)


def _environment(plan: Plan) -> dict[str, str]:
    try:
        account = account_for(plan)
    except EnvironmentRefusedError:
        account = None  # hooks fail with this error; a message is still sent
    return usable_environment(plan, account, in_unit="SERVICE_RESULT" in os.environ)

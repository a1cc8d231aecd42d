"""`docket run`: the same `docket exec` that a timer starts, in the foreground."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from docket.app.catalog.idlelimits import limit_warnings
from docket.app.catalog.lookup import current_plan
from docket.app.record.liveness import leftovers_owner
from docket.app.record.opening import close_killed_run, open_record
from docket.app.record.reconcile import clear_the_way
from docket.app.record.runrequests import Launcher, checked_params, requested
from docket.app.runs.durations import typical_duration
from docket.app.runs.foreground import RunnerExit, run_in_foreground
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.sandboxing import in_its_sandbox
from docket.app.session.session import Session
from docket.app.text.documents import (
    hook_document,
    iso,
    iso_or_none,
)
from docket.errors import (
    AlreadyRunningError,
    DestructiveRefusedError,
    DocketError,
    NeedsSystemdError,
    RunnerDiedError,
    StoreError,
)
from docket.model.ends.commandexit import command_exit_code
from docket.model.plan import Plan
from docket.model.records import RunRecord
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.store.eventdetails import with_events
from docket.strays import kill_leftovers

if TYPE_CHECKING:
    from docket.app.runs.shapes import OutcomeDocument
    from docket.app.text.shapes import DurationsDocument, HookDocument


# The fields of a run that the result of its runner has under the same names.
_SAME_IN_RESULT = (
    "run_id",
    "task",
    "error_code",
    "exit_code",
    "summary",
    "details",
    "dry_run",
    "retry_count",
    "log_path",
    "blocked_by",
)


class RunOutcome(RunRecord):
    """The outcome of one run: its record, and what its caller is shown with it."""

    exit_code: int  # 0, 1, 2 (a dry run completed) or 130
    hooks: tuple[HookDocument, ...] = ()
    typical_duration: DurationsDocument | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the task did what it should."""
        return self.status is RunStatus.SUCCEEDED

    def document(self) -> OutcomeDocument:
        """Return the outcome as `docket run --json` prints it."""
        document: OutcomeDocument = {
            "ok": self.ok,
            "status": str(self.status),
            "summary": self.summary,
            "details": dict(self.details),
            "dry_run": self.dry_run,
            "exit_code": self.exit_code,
            "command_exit_code": command_exit_code(self.details),
            "retry_count": self.retry_count,
            "run_id": self.run_id,
            "task": self.task,
            "started_at": iso(self.started_us),
            "finished_at": iso_or_none(self.finished_us),
            "duration_seconds": self.duration_seconds,
            "hooks": list(self.hooks),
            "error_code": self.error_code,
            "log_path": self.log_path,
            "warnings": list(self.warnings),
        }
        if self.typical_duration is not None:
            document["typical_duration"] = self.typical_duration
        return document


def run(
    session: Session,
    exec_command: Sequence[str],
    task: str,
    options: RunOptions = RunOptions(),  # noqa: B008  (immutable)
    attachment: Attachment = Attachment(),  # noqa: B008  (immutable)
) -> RunOutcome:
    """Run a task to its end and return its outcome.

    `exec_command` are the words that start `docket exec`, which a task that needs a unit gets in a
    transient one. Raises AlreadyRunningError if another run is in the way, NeedsSystemdError if
    there is no unit to be had, NotStartedError, RunnerDiedError, ParameterError,
    DestructiveRefusedError, and the errors of compiling.
    """
    dry_run = options.dry_run
    session = session.replace(keeps=session.keeps and not dry_run)
    wanted = current_plan(session, task)
    plan = in_its_sandbox(session, wanted, options.trigger, options.sandbox, dry_run=dry_run)
    run_id = options.run_id or make_run_id(session.now_us(), os.urandom(4))
    if not dry_run and (plan.needs_systemd or options.launcher is Launcher.SYSTEMD):
        from docket.app.runs.unitrun import run_in_unit  # noqa: PLC0415  (few need it)

        run_in_unit(session, plan, options.replace(run_id=run_id), attachment)
        outcome = recorded_outcome(session, task, run_id)
        return outcome.replace(warnings=(*outcome.warnings, *limit_warnings(session, plan)))
    _refuse_what_needs_a_unit(plan)
    if not dry_run:
        clear_the_way(session, plan.state_db)
    given = checked_params(plan, options.params)
    command = [*exec_command, task, *session.paths.exec_arguments()]
    command += ["--trigger", str(options.trigger), "--run-id", run_id]
    command += ["--dry-run"] * dry_run + ["--force"] * options.force
    command += ["--quiet"] * (not attachment.echo) + ["--no-destructive"] * options.gated
    try:
        with _told(plan, run_id, given):
            ended = run_in_foreground(command, session.environ, attachment)
    except OSError as error:
        raise RunnerDiedError(
            f"docket exec cannot be started ({command[0]}: {error.strerror}).",
            hint="Install Docket again; docket doctor says more.",
            task=task,
        ) from None
    return _told_outcome(session, _outcome(session, ended, task, run_id))


def _told_outcome(session: Session, outcome: RunOutcome) -> RunOutcome:
    """Return the answer for the caller; decision 0009 says which skips are failures to them."""
    if outcome.status is RunStatus.SKIPPED and outcome.error_code == "overlap":
        raise _already_running(session, outcome)
    if outcome.status is RunStatus.SKIPPED and outcome.error_code == "destructive_refused":
        raise destructive_refused(outcome.task, outcome.summary, run_id=outcome.run_id)
    if outcome.status is RunStatus.SKIPPED and outcome.error_code == "require":
        outcome = outcome.replace(exit_code=1)
    return _with_typical_duration(session, outcome)


def destructive_refused(task: str, why: str, **facts: Any) -> DestructiveRefusedError:
    """Return the error for a destructive task that the caller may not run."""
    return DestructiveRefusedError(
        f"Task {task!r} may not be run from here. {why}",
        hint="A dry run is allowed. The person who starts the server allows the rest, with"
        " DOCKET_MCP_ALLOW_DESTRUCTIVE=1 in its environment.",
        task=task,
        **facts,
    )


def _told(plan: Plan, run_id: str, params: dict[str, str] | None) -> AbstractContextManager[None]:
    """Write the run's request file for its runner, if there is anything to request."""
    if params is None:
        return nullcontext()
    row = RunRow(run_id=run_id, task=plan.task, trigger="manual", started_at=0, params=params)
    return requested(plan, row)


def outcome_of_result(document: Mapping[str, Any]) -> RunOutcome:
    """Return the outcome that a runner wrote; ValueError if it lacks something."""
    try:
        same = {name: document[name] for name in _SAME_IN_RESULT}
        return RunOutcome(
            **same,
            status=RunStatus(document["status"]),
            trigger=Trigger(document["trigger"]),
            started_at=document["started_at_us"],
            finished_at=document["finished_at_us"],
            hooks=tuple(document.get("hooks") or ()),
            warnings=tuple(document.get("warnings") or ()),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the result lacks a part: {error}") from None


def recorded_outcome(session: Session, task: str, run_id: str) -> RunOutcome:
    """Return the outcome of a run that is over; raises as `run` does."""
    return _told_outcome(session, _recorded_outcome(session, RunnerExit(0, b""), task, run_id))


def outcome_of_record(run: RunRecord, hooks: Sequence[HookDocument]) -> RunOutcome:
    """Return the outcome of a finished run, from its record."""
    code = run.status.exit_code if run.exit_code is None else run.exit_code
    return RunOutcome(**{**run.to_json(), "exit_code": code}, hooks=tuple(hooks))


def _refuse_what_needs_a_unit(plan: Plan) -> None:
    """Refuse a preview that would really run something, outside of the unit that it needs."""
    if not plan.needs_systemd or (not plan.dry_run_argv and plan.python is None):
        return
    raise NeedsSystemdError(
        f"The dry run of task {plan.task!r} would run a command without the limits, sandbox,"
        " credentials or directives that only a systemd unit can give it.",
        hint=f"docket describe {plan.task} shows what would run.",
        task=plan.task,
        unit=plan.unit,
    )


def _outcome(session: Session, ended: RunnerExit, task: str, run_id: str) -> RunOutcome:
    try:
        document = json.loads(ended.result)
        if not (isinstance(document, dict) and "error" in document):
            return outcome_of_result(document)
    except (ValueError, RecursionError):
        return _recorded_outcome(session, ended, task, run_id)
    raise refusal_of(document)


def refusal_of(document: Mapping[str, Any]) -> DocketError:
    """Return the error that the runner reports in the place of a result."""
    known = ("ok", "error", "error_code", "hint")
    facts = {name: value for name, value in document.items() if name not in known}
    error = DocketError(str(document["error"]), hint=document.get("hint"), **facts)
    error.code = str(document.get("error_code") or DocketError.code)
    return error


def _recorded_outcome(session: Session, ended: RunnerExit, task: str, run_id: str) -> RunOutcome:
    """Find the run of a runner that died without a result; RunnerDiedError if it is not over."""
    if ended.exit_status < 0:
        kill_leftovers(run_id, leftovers_owner(session.paths, task))
        close_killed_run(session, task, run_id, -ended.exit_status)
    try:
        with open_record(session) as reader:
            found = reader.run(run_id)
            run = None if found is None else with_events(reader, found)
            hooks = [hook_document(hook) for hook in reader.hooks(run_id)]
    except StoreError:
        run, hooks = None, []
    if run is not None and run.status.final:
        return outcome_of_record(run, hooks)
    how = (
        f"was killed by signal {-ended.exit_status}"
        if ended.exit_status < 0
        else f"ended with exit code {ended.exit_status}"
    )
    raise RunnerDiedError(
        f"The runner of task {task!r} {how} before it could report how the run ended.",
        hint="docket runs and the lines above show what is known about it.",
        task=task,
        run_id=run_id,
    )


def _already_running(session: Session, outcome: RunOutcome) -> AlreadyRunningError:
    holder = outcome.blocked_by
    pid = _pid_of(session, holder)
    who = f" (PID {pid})" if pid else f" ({holder})" if holder else ""
    return AlreadyRunningError(
        f"Task {outcome.task!r} is already running{who}.",
        hint="Wait for that run to end; docket status shows it.",
        task=outcome.task,
        run_id=outcome.run_id,
        status=str(outcome.status),
        blocked_by=holder,
        pid=pid,
    )


def _pid_of(session: Session, run_id: str | None) -> int | None:
    if run_id is None:
        return None
    try:
        with open_record(session) as reader:
            run = reader.run(run_id)
    except StoreError:
        return None
    return run.pid if run is not None else None


def _with_typical_duration(session: Session, outcome: RunOutcome) -> RunOutcome:
    try:
        with open_record(session) as reader:
            return outcome.replace(typical_duration=typical_duration(reader, outcome.task))
    except StoreError as error:
        return outcome.replace(warnings=(*outcome.warnings, error.sentence))

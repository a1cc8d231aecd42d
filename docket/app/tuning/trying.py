"""`docket try`: one run of a task in a sandbox, and in words what broke in it.

Nothing of it is in the history: see docs/decisions/0029.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.catalog.idlelimits import limit_warnings
from docket.app.catalog.lookup import current_plan
from docket.app.catalog.places import place_of_plan
from docket.app.catalog.sandboxes import effective
from docket.app.record.liveness import is_held
from docket.app.runs.confined import asked_profile
from docket.app.runs.gate import refuse_destructive
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.sandboxing import in_its_sandbox
from docket.app.session.session import Session
from docket.app.tuning.breakages import Breakage, TrialContext, breakages
from docket.app.tuning.complaints import complaints
from docket.app.tuning.patch import PatchLine, granted, patch_document, patch_text, sandbox_lines
from docket.app.tuning.systemcalls import call_name
from docket.app.tuning.trialrun import TrialEnd, run_trial
from docket.compiler.service import sandbox_properties
from docket.errors import AlreadyRunningError, CompileError
from docket.model.ends.commandexit import command_exit_code
from docket.model.ends.systemdexits import signal_words, systemd_code
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.runid import make_run_id
from docket.model.signals import signal_name
from docket.model.states import Overlap, RunStatus
from docket.model.task.sandbox import Profile, Sandbox, Starter

if TYPE_CHECKING:
    from docket.app.tuning.shapes import TrialDocument

_SHOWN_OUTPUT = 16 * 1024
_NOT_SAID = re.compile(r"Failed with result|Main process exited|Control process exited")
_LIMIT_KEYS = {"memory": "limits.memory", "tasks": "limits.tasks"}


class Trial(Record):
    """What came of one trial. `patch` are the keys that would allow all that broke, if any do."""

    task: str
    status: RunStatus
    sandbox: str
    summary: str
    breakages: tuple[Breakage, ...]
    patch: tuple[PatchLine, ...] = ()
    error_code: str | None = None
    command_exit_code: int | None = None
    duration_seconds: float | None = None
    output: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the task did what it should."""
        return self.status is RunStatus.SUCCEEDED

    @property
    def exit_code(self) -> int:
        """0 for a success, 130 for a trial that was cancelled, else 1."""
        return 0 if self.ok else 130 if self.status is RunStatus.CANCELLED else 1

    @property
    def patch_text(self) -> str:
        """The patch as YAML; "" for none."""
        return patch_text(self.task, self.patch) if self.patch else ""

    def document(self) -> TrialDocument:
        """Return it as `docket try --json` prints it."""
        return {
            "ok": self.ok,
            "task": self.task,
            "status": str(self.status),
            "error_code": self.error_code,
            "sandbox": self.sandbox,
            "summary": self.summary,
            "exit_code": self.exit_code,
            "command_exit_code": self.command_exit_code,
            "duration_seconds": self.duration_seconds,
            "breakages": [one.document() for one in self.breakages],
            "patch": patch_document(self.task, self.patch) if self.patch else None,
            "patch_text": self.patch_text or None,
            "output": self.output[-_SHOWN_OUTPUT:],
            "warnings": list(self.warnings),
        }


def trial(
    session: Session,
    task: str,
    options: RunOptions = RunOptions(),  # noqa: B008  (immutable)
    attachment: Attachment = Attachment(),  # noqa: B008  (immutable)
) -> Trial:
    """Run a task once, in the sandbox that is asked for, and say what broke in it.

    Raises AlreadyRunningError, DestructiveRefusedError, NeedsSystemdError, ParameterError,
    UsageError and what compiling raises.
    """
    wanted = current_plan(session, task)
    if options.gated:
        refuse_destructive(session, task)
    plan = in_its_sandbox(session, wanted, options.trigger, options.sandbox)
    _refuse_second(plan)
    asked = asked_profile(session, options.sandbox)
    sandbox = effective(wanted, Starter.of(options.trigger), asked)
    run_id = options.run_id or make_run_id(session.now_us(), os.urandom(4))
    end = run_trial(session, plan, run_id, options, attachment)
    if end.run is None:
        _refuse_second(plan)  # a run that was about to begin may have taken the lock meanwhile
    found = tuple(_broken(session, plan, sandbox, end))
    result = Trial(
        task=task,
        status=RunStatus.FAILED,
        sandbox=sandbox.word,
        summary="",
        breakages=found,
        patch=tuple(_patch(session, plan, sandbox, found, end)),
        output=end.output,
        warnings=limit_warnings(session, plan),
    )
    if end.run is None:
        return result.replace(summary=_without_run(end), error_code="not_started")
    return result.replace(
        status=end.run.status,
        error_code=end.run.error_code,
        summary=end.run.summary,
        command_exit_code=command_exit_code(end.run.details),
        duration_seconds=end.run.duration_seconds,
    )


def _refuse_second(plan: Plan) -> None:
    path = os.path.join(plan.lock_dir, "tasks", plan.task + ".lock")
    if plan.overlap != Overlap.ALLOW and is_held(path):
        raise AlreadyRunningError(
            f"Task {plan.task!r} is already running.",
            hint="Wait for that run to end; docket status shows it.",
            task=plan.task,
        )


def _broken(session: Session, plan: Plan, sandbox: Sandbox, end: TrialEnd) -> Iterator[Breakage]:
    if end.run is None:
        yield from _unit_failed(end)
    elif end.run.status is not RunStatus.SUCCEEDED:
        yield from _limits_passed(end)
    yield from _calls(end, sandbox)
    around = TrialContext(
        sandbox, place_of_plan(session.paths, plan), others=plan.run_as is not None
    )
    directory = plan.cwd or sandbox.home or session.paths.user_home
    lines = [*end.output.splitlines(), *(() if end.run is None else (end.run.summary,))]
    yield from breakages(complaints(lines, directory), around)


def _unit_failed(end: TrialEnd) -> Iterator[Breakage]:
    """The unit did not come as far as the command, or its runner was killed."""
    unit = end.unit
    said = [line for line in end.said if not _NOT_SAID.search(line)]
    evidence = next(
        (line for line in said if re.search("fail|refus|denied", line, re.IGNORECASE)), ""
    )
    named = systemd_code(unit.exit_status) if unit is not None and unit.exited else None
    if named is not None and unit is not None:
        name, meaning = named
        sentence = f"The unit did not start: {unit.exit_status}/{name}, {meaning}."
        yield Breakage(f"unit_{name.lower()}", sentence, evidence)
    elif unit is not None and unit.result in ("signal", "core-dump"):
        how = signal_words(signal_name(unit.exit_status))
        yield Breakage("runner_killed", f"The runner in the unit was killed by {how}.", evidence)
    elif unit is not None:
        yield Breakage("unit", f"The unit ended with the result `{unit.result}`.", evidence)


def _limits_passed(end: TrialEnd) -> Iterator[Breakage]:
    passed = () if end.run is None else end.run.details.get("limits_passed") or ()
    for one in passed:
        key = _LIMIT_KEYS.get(str(one.get("limit")), "limits")
        sentence = f"It passed `{key}`, which is {one.get('value')}."
        yield Breakage("limit", sentence, "" if end.run is None else end.run.summary)


def _calls(end: TrialEnd, sandbox: Sandbox) -> Iterator[Breakage]:
    for number in end.calls:
        name = call_name(number)
        shown = f"`{name}`" if name else f"with the number {number}"
        sentence = f"The kernel killed it for the system call {shown}."
        grants = name is not None and sandbox.confines
        key, value = ("syscalls", str(name)) if grants else ("", "")
        yield Breakage("system_call", sentence, "", "", key, value)


def _patch(
    session: Session, plan: Plan, sandbox: Sandbox, found: tuple[Breakage, ...], end: TrialEnd
) -> Iterator[PatchLine]:
    """Give what to write into the task: the sandbox as it was, with all that would allow it more.

    What the compiler would refuse is left out.
    """
    succeeded = end.run is not None and end.run.status is RunStatus.SUCCEEDED
    own = Sandbox.from_json(plan.sandbox)
    if not sandbox.confines or (succeeded and not found and own == sandbox):
        return
    if not succeeded and not any(one.key for one in found):
        return
    place = place_of_plan(session.paths, plan)
    allowed = sandbox
    for one in found:
        wider = granted(allowed, [one])
        try:
            sandbox_properties(wider, place, plan.task)
        except CompileError:
            continue
        allowed = wider
    if allowed != own:
        yield from sandbox_lines(allowed)


def _without_run(end: TrialEnd) -> str:
    if end.unit is None:
        return "The task did not start, and systemd does not say why."
    return "The unit failed before the task could end."


def in_words(found: Trial) -> str:
    """Return whether the sandbox let the task work, in one sentence."""
    profile = Profile.of_word(found.sandbox)
    where = "without a sandbox" if profile is Profile.NONE else f"in `{found.sandbox}`"
    if found.ok:
        note = ", but complained" if found.breakages else ""
        return f"It succeeded {where}{note}."
    if found.breakages:
        return f"It did not succeed {where}."
    blame = "" if profile is Profile.NONE else " Nothing points to the sandbox."
    return f"It did not succeed {where}.{blame}"

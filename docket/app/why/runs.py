"""Why a run ended as it did, from its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docket.app.why.answer import Finding
from docket.model.ends.causes import CAUSES
from docket.model.ends.systemdexits import exit_words, signal_words, systemd_code
from docket.model.plan import Plan
from docket.model.records import NOTIFICATION, AttemptRecord, HookRecord, RunRecord
from docket.model.states import RunStatus
from docket.model.time.humantime import local

_MIB = 1024 * 1024


def explain_run(
    run: RunRecord,
    plan: Plan | None,
    attempts: Sequence[AttemptRecord],
    hooks: Sequence[HookRecord],
    blocker: RunRecord | None,
) -> Finding:
    """Return why a run ended as it did; `blocker` is the run that was in its way."""
    evidence = [run.summary] if run.summary else []
    evidence += _limit_lines(run.details) + _attempt_lines(attempts) + _hook_lines(hooks)
    cause, sentence = _cause(run, plan, blocker)
    command, does = _next_step(run, cause)
    return Finding(cause, sentence, tuple(evidence), command, does)


def ended(status: RunStatus) -> str:
    """Return how a run ended as the verb of a sentence: succeeded, failed, was killed."""
    passive = (RunStatus.CANCELLED, RunStatus.INTERRUPTED, RunStatus.KILLED, RunStatus.LOST)
    return f"was {status}" if status in passive else str(status).replace("_", " ")


def _cause(run: RunRecord, plan: Plan | None, blocker: RunRecord | None) -> tuple[str, str]:
    if run.status is RunStatus.SUCCEEDED:
        return "succeeded", CAUSES["succeeded"].sentence
    if not run.status.final:
        return str(run.status), f"It is {run.status}, since {local(run.started_us)}."
    code = run.error_code or str(run.status)
    if code in ("runner_failed", "unit_failed"):
        return _unit_end(code, run)
    if code not in CAUSES:
        return code, _reason(code, run)
    return code, CAUSES[code].sentence.format(**_words(code, run, plan, blocker))


def _words(
    code: str, run: RunRecord, plan: Plan | None, blocker: RunRecord | None
) -> dict[str, str]:
    """Return what the sentences of causes have of the run's own, by name."""
    details = run.details
    whole = details.get("timeout_seconds")
    if whole is None and plan is not None:
        whole = plan.timeout_seconds
    without_warning = "somebody, or the kernel, did it without warning"
    return {
        "reason": _reason(code, run),
        "exit_code": _exit_code(details),
        "signal": _signal(details),
        "service_signal": _service_signal(details) or without_warning,
        "memory": _memory(run),
        "timeout": _seconds(whole),
        "attempt_timeout": _seconds(details.get("timeout_seconds")),
        "idle_timeout": _seconds(details.get("idle_timeout_seconds")),
        "blocker_run": _blocker_run(blocker),
    }


def _reason(code: str, run: RunRecord) -> str:
    """Return the reason in the row."""
    reason = run.details.get("reason") or run.summary or code
    if run.status is RunStatus.MISSED:
        many = run.details.get("count")
        fires = f"{many} fires up to that" if isinstance(many, int) and many > 1 else "The fire"
        return f"{fires} of {local(run.scheduled_for_us or run.started_us)} had no run: {reason}."
    return f"The run was {run.status}: {reason}."


def _blocker_run(blocker: RunRecord | None) -> str:
    if blocker is None:
        return ""
    return f": {blocker.run_id}, since {local(blocker.started_us)} ({blocker.status})"


def _exit_code(details: Any) -> str:
    code = details.get("exit_code")
    return exit_words(code) if isinstance(code, int) else "that is not known"


def _signal(details: Any) -> str:
    name = details.get("signal")
    return signal_words(name) if isinstance(name, str) else "a signal"


def _memory(run: RunRecord) -> str:
    limit = next((one for one in _passed(run.details) if one["limit"] == "memory"), None)
    if limit is not None:
        return f"it wanted more memory than its limit of {_amount(limit, 'value')}."
    said = "the machine or its slice had no more memory to give."
    if run.peak_memory_bytes:
        said += f" It had used up to {run.peak_memory_bytes / _MIB:.0f} MiB."
    return said


def _passed(details: Any) -> list[dict[str, Any]]:
    """Return the limits of its unit that a run passed, as its row has them."""
    found = details.get("limits_passed")
    return [
        one
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("limit"), str)
        and isinstance(one.get("value"), int)
    ]


def _limit_lines(details: Any) -> list[str]:
    lines = []
    for one in _passed(details):
        most = (
            f" It had used up to {_amount(one, 'peak')}."
            if isinstance(one.get("peak"), int)
            else ""
        )
        lines.append(f"limits.{one['limit']} was {_amount(one, 'value')}.{most}")
    return lines


def _amount(passed: Mapping[str, Any], key: str) -> str:
    value = passed[key]
    return f"{value / _MIB:g} MiB" if passed["limit"] == "memory" else str(value)


def _seconds(value: Any) -> str:
    return f"{value:g} s" if isinstance(value, (int, float)) else "that length"


def _service_signal(details: Any) -> str | None:
    status = details.get("exit_status")
    if not isinstance(status, str) or not status:
        return None
    name = status if status.startswith("SIG") else f"SIG{status}"
    return signal_words(name) if status.isalpha() else None


def _unit_end(code: str, run: RunRecord) -> tuple[str, str]:
    status = str(run.details.get("exit_status") or "")
    known = systemd_code(int(status)) if status.isascii() and status.isdigit() else None
    if known is not None:
        name, meaning = known
        return f"unit_{name.lower()}", f"Nothing was run ({status}/{name}): {meaning}."
    return code, f"The runner ended before the run was over. {run.summary}."


def _attempt_lines(attempts: Sequence[AttemptRecord]) -> list[str]:
    if len(attempts) < 2:
        return []
    ends = ", ".join(
        f"{a.number}: {a.ended_by}"
        + (f" {a.exit_code}" if a.exit_code is not None else "")
        + (f" {a.signal}" if a.signal is not None else "")
        for a in attempts
    )
    return [f"{len(attempts)} attempts were made ({ends})."]


def _hook_lines(hooks: Sequence[HookRecord]) -> list[str]:
    lines = []
    for hook in hooks:
        if hook.went_well and hook.state != "suppressed":  # a suppressed one gets its own sentence
            continue
        if hook.kind == NOTIFICATION:
            lines.append(_notification_line(hook))
            continue
        how = f"ended with exit code {hook.exit_code}" if hook.exit_code else f"is {hook.state}"
        said = hook.stderr.strip().splitlines()
        lines.append(f"The hook {hook.kind} {hook.label!r} {how}.{' ' + said[-1] if said else ''}")
    return lines


def _notification_line(hook: HookRecord) -> str:
    said = hook.stderr.strip().rstrip(".")
    if hook.state == "suppressed":
        return f"{said}."
    if hook.state == "started":
        said = "its sender was killed"
    return f"The message {hook.label!r} did not arrive: {said}."


def _next_step(run: RunRecord, cause: str) -> tuple[str, str]:
    found = CAUSES[cause].step if cause in CAUSES else None
    if not run.status.final:
        found = ("docket events {run}", "shows what it reports")
    if found is None and cause.startswith("unit_"):
        found = ("docket doctor", "examines units, drop-ins and drift")
    if found is None and run.log_path is not None:
        found = (f"docket logs {run.run_id}", "shows all that it printed")
    command, does = found or ("docket doctor", "examines the installation")
    return command.format(task=run.task, run=run.run_id, blocker=run.blocked_by or ""), does

"""Why a run ended as it did, from its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docket.app.why.answer import Finding
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
    evidence += _attempt_lines(attempts) + _hook_lines(hooks)
    cause, sentence = _cause(run, plan, blocker)
    command, does = _next_step(run, cause)
    return Finding(cause, sentence, tuple(evidence), command, does)


def _cause(run: RunRecord, plan: Plan | None, blocker: RunRecord | None) -> tuple[str, str]:
    if run.status is RunStatus.SUCCEEDED:
        return "succeeded", "It ran, and succeeded."
    if not run.status.final:
        return str(run.status), f"It is {run.status}, since {local(run.started_us)}."
    code = run.error_code or str(run.status)
    if code in ("runner_failed", "unit_failed"):
        return _unit_end(code, run)
    special = _special(code, run, plan, blocker)
    return code, special or _SENTENCES.get(code) or _reason(code, run)


def _reason(code: str, run: RunRecord) -> str:
    """Return what whoever wrote the row gave as its reason."""
    reason = run.details.get("reason") or run.summary or code
    if run.status is RunStatus.MISSED:
        many = run.details.get("count")
        fires = f"{many} fires up to that" if isinstance(many, int) and many > 1 else "The fire"
        return f"{fires} of {local(run.scheduled_for_us or run.started_us)} had no run: {reason}."
    return f"The run was {run.status}: {reason}."


def _special(code: str, run: RunRecord, plan: Plan | None, blocker: RunRecord | None) -> str | None:
    """Return the sentence of a cause that has something of the run's own in it."""
    sentence = None
    match code:
        case "exit_code":
            sentence = f"The command ended with exit code {_exit_code(run.details)}."
        case "signal":
            sentence = f"The command was ended by {_signal(run.details)}."
        case "oom_kill":
            sentence = _out_of_memory(run)
        case "timeout" | "attempt_timeout" | "idle_timeout":
            sentence = _timed_out(code, run.details, plan)
        case "runner_killed":
            how = _service_signal(run.details) or "somebody, or the kernel, did it without warning"
            sentence = f"Docket's own process that looked after the run was killed: {how}."
        case "overlap" if blocker is not None:
            sentence = (
                f"Another run of the task was still under way: {blocker.run_id}, "
                f"since {local(blocker.started_us)} ({blocker.status})."
            )
    return sentence


_SENTENCES = {
    "parse_error": "The command ended well, but what it printed is not the JSON that it promises.",
    "task_failed": "The Python task ended and said itself that it failed.",
    "no_result": "The Python task ended without a result: an exception, or an exit of its own.",
    "spawn_failed": "The command could not be started: the program or its directory is missing.",
    "env_file_missing": "An environment file of the task cannot be read.",
    "required_env_missing": "A variable that the task requires is not set.",
    "unit_timeout": "systemd ended the unit because its time was over.",
    "reboot": "The machine went down while the run was under way.",
    "lost": "Its runner is gone, and neither systemd nor the journal knows how it ended.",
    "cancelled": "Somebody cancelled the run.",
    "stopped": "The unit was stopped while the run was under way, or the machine was shut down.",
    "overlap": "Another run of the task was still under way.",
    "unattended": "The task is destructive, and a timer may not start it by itself.",
    "too_late": "The fire was made up for too late: catch_up does not allow it any more.",
    "already_done": "The task is to run once, and has succeeded already.",
    "condition_failed": "A condition of its unit was not met, so systemd started nothing.",
    "assert_failed": "An assert of its unit was not met, so systemd started nothing.",
    "task_removed": "The task is no longer in the config, but its timer is still there.",
}


def _exit_code(details: Any) -> str:
    code = details.get("exit_code")
    return exit_words(code) if isinstance(code, int) else "that is not known"


def _signal(details: Any) -> str:
    name = details.get("signal")
    return signal_words(name) if isinstance(name, str) else "a signal"


def _out_of_memory(run: RunRecord) -> str:
    most = ""
    if run.peak_memory_bytes:
        most = f" It had used up to {run.peak_memory_bytes / _MIB:.0f} MiB."
    return f"The kernel killed it: it wanted more memory than it may have, or than there is.{most}"


def _timed_out(code: str, details: Any, plan: Plan | None) -> str:
    seconds = details.get("timeout_seconds")
    if code == "idle_timeout":
        seconds = details.get("idle_timeout_seconds")
        return f"The command printed nothing for {_seconds(seconds)}, and was ended."
    if code == "attempt_timeout":
        return f"One attempt took longer than its timeout of {_seconds(seconds)}, and was ended."
    whole = plan.timeout_seconds if plan is not None else seconds
    return f"The run took longer than its timeout of {_seconds(whole)}, and was ended."


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
        if hook.went_well and hook.state != "suppressed":  # that one is worth a word
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
        said = "whoever sent it was killed"
    return f"The message {hook.label!r} did not arrive: {said}."


def _next_step(run: RunRecord, cause: str) -> tuple[str, str]:
    found = _STEPS.get(cause)
    if found is None and cause.startswith("unit_"):
        found = ("docket doctor", "examines units, drop-ins and drift")
    if found is None and run.log_path is not None:
        found = (f"docket logs {run.run_id}", "shows all that it printed")
    command, does = found or ("docket doctor", "examines the installation")
    return command.format(task=run.task, run=run.run_id, blocker=run.blocked_by or ""), does


_DESCRIBE = ("docket describe {task}", "shows what it runs, and with what")
_LIMITS = ("docket configure", "opens the config, where its limits stand")
_RUNS = ("docket runs {task}", "lists its runs")
_ENABLE = ("docket enable {task}", "starts the timer, now and at every boot")
_CATCH_UP = ("docket configure", "opens the config: catch_up lets a missed fire run later")
_EVENTS = ("docket events {run}", "shows what it reports")
_STEPS = {
    "succeeded": _RUNS,
    "cancelled": _RUNS,
    "already_done": _RUNS,
    "running": _EVENTS,
    "pending": _EVENTS,
    "overlap": ("docket status --run-id {blocker}", "shows the run in the way"),
    "spawn_failed": _DESCRIBE,
    "env_file_missing": _DESCRIBE,
    "required_env_missing": _DESCRIBE,
    "unattended": _DESCRIBE,
    "oom_kill": _LIMITS,
    "timeout": _LIMITS,
    "attempt_timeout": _LIMITS,
    "idle_timeout": _LIMITS,
    "unit_timeout": _LIMITS,
    "too_late": _LIMITS,
    "timer_disabled": _ENABLE,
    "timer_stopped": _ENABLE,
    "timer_gone": ("docket install {task} --now", "writes the timer and starts it"),
    "linger_off": ("docket install --linger", "lets timers run while you are logged out"),
    "paused": ("docket resume {task}", "lets it run again"),
    "machine_off": _CATCH_UP,
    "suspended": _CATCH_UP,
    "task_removed": ("docket uninstall {task}", "takes its timer away"),
}

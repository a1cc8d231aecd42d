"""From how an attempt ended to what the run is called: status, cause, summary, details."""

from __future__ import annotations

from docket.files import read_plain
from docket.model import signals
from docket.model.excerpt import complaint_in, last_line_of, printable
from docket.model.jsontext import loads_output
from docket.model.states import RunStatus
from docket.runfiles import discard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.model.plan import Plan
    from docket.runner.attempt.attempt import Outcome

_LONGEST_SUMMARY = 500
_LONGEST_COMMAND = 160  # characters of the command in a summary that says what went wrong
_LARGEST_RESULT_FILE = 1024 * 1024
# Signals that others send to end a program; the rest are crashes of the program itself.
_SENT_BY_OTHERS = (
    signals.SIGKILL,
    signals.SIGTERM,
    signals.SIGINT,
    signals.SIGHUP,
    signals.SIGXCPU,
)


class Verdict:
    """The verdict on an attempt; `retryable` if another attempt may go better."""

    __slots__ = ("details", "error_code", "retryable", "status", "summary")

    def __init__(
        self,
        status: RunStatus,
        error_code: str | None,
        summary: str,
        *,
        retryable: bool = True,
    ) -> None:
        self.status = status
        self.error_code = error_code
        self.summary = short_summary(summary)
        self.retryable = retryable and status is not RunStatus.SUCCEEDED
        self.details: dict[str, Any] = {}


def judge(
    plan: Plan, argv: list[str], outcome: Outcome, *, stop_signal: int, out_of_memory: bool
) -> Verdict:
    """Return the verdict on an attempt.

    `stop_signal` is the signal that asked the runner to stop (0 for none); `out_of_memory` whether
    the kernel has killed something of this unit for memory during the attempt.
    """
    command = " ".join(argv) if argv else plan.task
    complaint = ""
    if plan.python is None and outcome.ended_by != "spawn":
        complaint = complaint_in(outcome.stderr, outcome.stdout)
    words = _complaining(complaint, command)
    match outcome.ended_by:
        case "spawn":
            verdict = _not_started(outcome)
        case "stop":
            verdict = _stopped(words + _last_words(outcome), stop_signal)
        case "timeout" | "attempt_timeout" | "idle_timeout":
            verdict = _timed_out(plan, words + _last_words(outcome), outcome)
        case "signal":
            verdict = _signalled(words, outcome, out_of_memory=out_of_memory)
        case _ if plan.python is not None:
            verdict = _returned(plan, outcome)
        case _:
            verdict = _exited(plan, words, _said(plan, outcome) or command, outcome)
    code = _exit_code(plan, outcome)
    if plan.retry_on and code not in plan.retry_on and str(code) not in plan.exit_codes:
        verdict.retryable = False
    verdict.details = _details(plan, argv, outcome, verdict)
    if complaint and complaint in verdict.summary:
        verdict.details["failure_line"] = complaint
    return verdict


def result_file(path: str, owner: int | None = None) -> dict[str, Any]:
    """Return what the child wrote to DOCKET_RESULT_FILE, as details, and remove the file.

    `owner` is the user who got an empty file there.
    """
    try:
        data, status = read_plain(path, _LARGEST_RESULT_FILE)
    except FileNotFoundError:
        return {}
    except OSError as error:
        return {"result_error": f"The result file cannot be read: {error.strerror}."}
    finally:
        discard(path)
    if owner is not None and status.st_uid != owner:
        return {"result_error": "The result file is another user's."}
    return {} if owner is not None and not data else _result(data)


def _result(data: bytes) -> dict[str, Any]:
    try:
        found = loads_output(data.decode())
    except ValueError as error:
        return {"result_error": f"The result file is no JSON: {error}."}
    if not isinstance(found, dict):
        return {"result_error": "The result file holds no JSON object."}
    return {"result": found}


def name_limits(verdict: Verdict, passed: list[dict[str, Any]]) -> None:
    """Let the verdict begin with the limits of its unit that the attempt passed."""
    from docket.runner.attempt.unitlimits import limits_in_words  # noqa: PLC0415  (few attempts)

    verdict.details["limits_passed"] = passed
    verdict.summary = short_summary(f"{limits_in_words(passed)} {verdict.summary}")


def short_summary(text: str) -> str:
    """Return text as one printable line of bounded length."""
    line = printable(text)
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 1] + "…"


def _not_started(outcome: Outcome) -> Verdict:
    error = outcome.spawn_error
    assert error is not None
    return Verdict(RunStatus.FAILED, error.code, error.sentence)


def _complaining(complaint: str, command: str) -> str:
    """Return the end of a summary: what went wrong, if that is known, before the command."""
    if not complaint:
        return command
    cut = len(command) > _LONGEST_COMMAND
    return f"{complaint} ({command[:_LONGEST_COMMAND] + '…' if cut else command})"


def _said(plan: Plan, outcome: Outcome) -> str:
    """Return what a command says of its success: the last line, or `summary` of its JSON."""
    found = outcome.parser.details()
    told = found.get("json") or found.get("last_event")
    if isinstance(told, dict):
        summary = told.get("summary") or told.get("message")
        return summary if isinstance(summary, str) else ""
    is_text = plan.output_format in ("text", "auto") and told is None
    return last_line_of(outcome.stdout) if is_text else ""


def _last_words(outcome: Outcome) -> str:
    """Return what a Python task still returned after it was asked to end."""
    summary = (outcome.result or {}).get("summary")
    return f": {summary}" if summary else ""


def _stopped(words: str, stop_signal: int) -> Verdict:
    if stop_signal == signals.SIGINT:
        return Verdict(RunStatus.CANCELLED, "cancelled", f"Cancelled: {words}", retryable=False)
    summary = f"Stopped by {signals.signal_name(stop_signal)}: {words}"
    return Verdict(RunStatus.INTERRUPTED, "stopped", summary, retryable=False)


def _timed_out(plan: Plan, words: str, outcome: Outcome) -> Verdict:
    if outcome.ended_by == "idle_timeout":
        summary = f"Command wrote nothing for {plan.idle_timeout_seconds:g}s: {words}"
    elif outcome.ended_by == "attempt_timeout":
        summary = f"Command timed out after {plan.attempt_timeout_seconds:g}s: {words}"
    else:
        summary = f"Run timed out after {plan.timeout_seconds:g}s: {words}"
    again = outcome.ended_by != "timeout"
    return Verdict(RunStatus.TIMED_OUT, outcome.ended_by, summary, retryable=again)


def _signalled(words: str, outcome: Outcome, *, out_of_memory: bool) -> Verdict:
    number = outcome.signal or 0
    name = signals.signal_name(number)
    if out_of_memory and number == signals.SIGKILL:
        return Verdict(RunStatus.KILLED, "oom_kill", f"Killed because memory ran out: {words}")
    if number in _SENT_BY_OTHERS:
        return Verdict(RunStatus.KILLED, "signal", f"Command was killed by {name}: {words}")
    return Verdict(RunStatus.FAILED, "signal", f"Command crashed with {name}: {words}")


def _exited(plan: Plan, words: str, said: str, outcome: Outcome) -> Verdict:
    named = _named(plan, words, outcome)
    if named is not None:
        return named
    if outcome.exit_code not in plan.success_exit_codes:
        summary = f"Command failed with exit {outcome.exit_code}: {words}"
        return Verdict(RunStatus.FAILED, "exit_code", summary)
    problem = outcome.parser.problem
    if problem is not None and plan.parse_errors == "fail":
        return Verdict(RunStatus.FAILED, "parse_error", problem)
    return Verdict(RunStatus.SUCCEEDED, None, f"Command completed: {said}")


def _returned(plan: Plan, outcome: Outcome) -> Verdict:
    result = outcome.result
    if result is None:
        summary = f"Task {plan.task} ended with exit {outcome.exit_code} and no result"
        return Verdict(RunStatus.FAILED, "no_result", summary)
    summary = str(result.get("summary"))
    named = _named(plan, summary, outcome)
    if named is not None:
        return named
    code = _exit_code(plan, outcome)
    if result.get("ok") or (code and code in plan.success_exit_codes):
        return Verdict(RunStatus.SUCCEEDED, None, summary)
    return Verdict(RunStatus.FAILED, "task_failed", summary)


def _named(plan: Plan, words: str, outcome: Outcome) -> Verdict | None:
    """Return the verdict that `exit_codes` gives, or None for an exit code without a meaning."""
    if not plan.exit_codes:
        return None
    from docket.runner.attempt.exitverdict import named_end  # noqa: PLC0415  (few tasks)

    named = named_end(plan, words, _exit_code(plan, outcome), outcome.parser.problem)
    if named is None:
        return None
    status, cause, summary, retryable = named
    return Verdict(status, cause, summary, retryable=retryable)


def _exit_code(plan: Plan, outcome: Outcome) -> int | None:
    """Return the command's exit code; of a Python task, that of the program that it ran."""
    if plan.python is None:
        return outcome.exit_code
    details = (outcome.result or {}).get("details")
    code = details.get("exit_code") if isinstance(details, dict) else None
    return code if type(code) is int else None


def _details(plan: Plan, argv: list[str], outcome: Outcome, verdict: Verdict) -> dict[str, Any]:
    if outcome.ended_by == "spawn":
        return {"command": argv}
    if plan.python is not None:
        found = _python_details(outcome)
    else:
        found = {
            "command": argv,
            "stdout": outcome.stdout,
            "stderr": outcome.stderr,
            "exit_code": outcome.exit_code if outcome.signal is None else -outcome.signal,
            **outcome.parser.details(),
        }
    code = str(_exit_code(plan, outcome))
    if code in plan.exit_codes:
        found["exit_meaning"] = plan.exit_codes[code]
    if verdict.status is RunStatus.CANCELLED:
        ended_by = outcome.signal or int(signals.SIGTERM)
        found["termination"] = {"method": "process_group", "signal": ended_by}
    if outcome.signal is not None:
        found["signal"] = signals.signal_name(outcome.signal)
    if verdict.status is RunStatus.TIMED_OUT:
        found["timed_out"] = True
        of_attempt = outcome.ended_by == "attempt_timeout"
        seconds = plan.attempt_timeout_seconds if of_attempt else plan.timeout_seconds
        found["timeout_seconds"] = seconds
        if outcome.ended_by == "idle_timeout":
            found["idle_timeout_seconds"] = plan.idle_timeout_seconds
    return found


def _python_details(outcome: Outcome) -> dict[str, Any]:
    details = (outcome.result or {}).get("details")
    found = dict(details) if isinstance(details, dict) else {"details": details}
    if outcome.result is None:
        found = {"stdout": outcome.stdout, "stderr": outcome.stderr}
    return found

"""The verdict on an exit code that the task's `exit_codes` name."""

from __future__ import annotations

from docket.model.ends.exitmeaning import SKIPPED_BY_EXIT_CODE, ExitMeaning
from docket.model.states import RunStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan

_SUCCESSES = {
    ExitMeaning.OK: "Command completed with exit {code}",
    ExitMeaning.NOOP: "Nothing to do, says exit {code}",
    ExitMeaning.WARN: "Command completed with a warning, exit {code}",
}


def named_end(
    plan: Plan, words: str, code: int | None, problem: str | None
) -> tuple[RunStatus, str | None, str, bool] | None:
    """Return the (status, cause, summary, retryable) of a named exit code, or None for another.

    `problem` says why the output is not what was declared.
    """
    if str(code) not in plan.exit_codes:
        return None
    meaning = ExitMeaning(plan.exit_codes[str(code)])
    match meaning:
        case ExitMeaning.SKIP:
            summary = f"Skipped: the command says so with exit {code}: {words}"
            return RunStatus.SKIPPED, SKIPPED_BY_EXIT_CODE, summary, False
        case ExitMeaning.RETRY | ExitMeaning.FATAL:
            summary = f"Command failed with exit {code}: {words}"
            return RunStatus.FAILED, "exit_code", summary, meaning is ExitMeaning.RETRY
        case _:
            if problem is not None and plan.parse_errors == "fail":
                return RunStatus.FAILED, "parse_error", problem, True
            summary = f"{_SUCCESSES[meaning].format(code=code)}: {words}"
            return RunStatus.SUCCEEDED, None, summary, True

"""What an exit code comes to where the task's `exit_codes` name it."""

from __future__ import annotations

from docket.model.exitmeaning import ExitMeaning
from docket.model.states import RunStatus
from docket.runner.attempt.verdict import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.runner.attempt.attempt import Outcome

_SUCCESSES = {
    ExitMeaning.OK: "Command completed with exit {code}",
    ExitMeaning.NOOP: "Nothing to do, says exit {code}",
    ExitMeaning.WARN: "Command completed with a warning, exit {code}",
}


def named_verdict(plan: Plan, words: str, outcome: Outcome) -> Verdict | None:
    """Return the verdict that the exit code's own meaning gives, or None where it has none."""
    code = outcome.exit_code
    if str(code) not in plan.exit_codes:
        return None
    meaning = ExitMeaning(plan.exit_codes[str(code)])
    match meaning:
        case ExitMeaning.SKIP:
            summary = f"Skipped: the command says so with exit {code}: {words}"
            return Verdict(RunStatus.SKIPPED, "exit_code_skip", summary, retryable=False)
        case ExitMeaning.RETRY | ExitMeaning.FATAL:
            summary = f"Command failed with exit {code}: {words}"
            again = meaning is ExitMeaning.RETRY
            return Verdict(RunStatus.FAILED, "exit_code", summary, retryable=again)
        case _:
            problem = outcome.parser.problem
            if problem is not None and plan.parse_errors == "fail":
                return Verdict(RunStatus.FAILED, "parse_error", problem)
            summary = f"{_SUCCESSES[meaning].format(code=code)}: {words}"
            return Verdict(RunStatus.SUCCEEDED, None, summary)

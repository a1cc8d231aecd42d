"""The status of a run whose runner is gone, from what the service manager says of its end."""

from __future__ import annotations

from docket.model.states import RunStatus

_STOPPING = ("TERM", "INT", "HUP")


class End:
    """The end of a run: its status, the finer cause, and one sentence."""

    __slots__ = ("error_code", "status", "summary")

    def __init__(self, status: RunStatus, error_code: str, summary: str) -> None:
        self.status = status
        self.error_code = error_code
        self.summary = summary


CANCELLED = End(RunStatus.CANCELLED, "cancelled", "Cancelled, and killed at the end")
REBOOTED = End(RunStatus.INTERRUPTED, "reboot", "The machine went down while the run was under way")
LOST = End(RunStatus.LOST, "lost", "The runner is gone, and nobody knows how it ended")


def end_of_runner(result: str, exit_status: str) -> End:
    """Return what systemd's $SERVICE_RESULT and $EXIT_STATUS make of a run that was left open."""
    match result:
        case "oom-kill":
            return End(RunStatus.KILLED, "oom_kill", "The run was killed because memory ran out")
        case "signal" if exit_status in _STOPPING:
            summary = f"The runner was stopped by SIG{exit_status} before it could record the end"
            return End(RunStatus.INTERRUPTED, "stopped", summary)
        case "signal" | "core-dump":
            name = f"SIG{exit_status}" if exit_status else "a signal"
            return End(RunStatus.KILLED, "runner_killed", f"The runner was killed by {name}")
        case "timeout":
            summary = "systemd ended the run: its time was over"
            return End(RunStatus.TIMED_OUT, "unit_timeout", summary)
        case "exit-code":
            summary = f"The runner ended with exit {exit_status} before the run was over"
            return End(RunStatus.FAILED, "runner_failed", summary)
        case _:
            summary = f"The unit ended with the result {result or 'unknown'}"
            return End(RunStatus.FAILED, "unit_failed", summary)

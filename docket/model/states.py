"""The closed sets of a run's life, with their rules on them."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """The status of a run. Every status but `pending` and `running` is final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    LOST = "lost"
    SKIPPED = "skipped"
    MISSED = "missed"

    @property
    def final(self) -> bool:
        """Whether the run is over and its row never changes again."""
        return self not in (RunStatus.PENDING, RunStatus.RUNNING)

    @property
    def ran(self) -> bool:
        """Whether the task's command was (or is being) run at all."""
        return self not in (RunStatus.PENDING, RunStatus.SKIPPED, RunStatus.MISSED)

    @property
    def exit_code(self) -> int:
        """The exit code that `docket run` and `docket wait` report for a run of this status."""
        if self in (RunStatus.SUCCEEDED, RunStatus.SKIPPED):
            return 0
        return 130 if self is RunStatus.CANCELLED else 1


class Trigger(StrEnum):
    """What started a run."""

    TIMER = "timer"
    CATCH_UP = "catch-up"
    MANUAL = "manual"
    ASYNC = "async"
    AGENT = "agent"
    HOOK = "hook"
    DEPENDENCY = "dependency"
    AFTER = "after"  # another task's end
    PATH = "path"  # a watched path
    UNKNOWN = "unknown"  # taken over from docket-cli, which did not record it


class Overlap(StrEnum):
    """What happens when a run starts while another run of the task is alive."""

    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"
    ALLOW = "allow"


class OutputFormat(StrEnum):
    """What a command's standard output holds."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    AUTO = "auto"


EXIT_FAILURE = 1
EXIT_DRY_RUN = 2
EXIT_SKIPPED = 75  # EX_TEMPFAIL; the units list it in SuccessExitStatus=

"""What an exit code can mean to a task, as `exit_codes` has it."""

from __future__ import annotations

from enum import StrEnum

SKIPPED_BY_EXIT_CODE = "exit_code_skip"  # the cause of a run whose exit code means `skip`


class ExitMeaning(StrEnum):
    """The meaning of one exit code."""

    OK = "ok"
    NOOP = "noop"
    WARN = "warn"
    SKIP = "skip"
    RETRY = "retry"
    FATAL = "fatal"

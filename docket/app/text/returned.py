"""What a run returned: the values among its details that its task made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Details that the runner and the readers write, and output that `docket logs` shows.
_OF_DOCKET = frozenset(
    {
        "asked",
        "blocked_by",
        "cancelled",
        "command",
        "cwd",
        "dependencies",
        "details_error",
        "docket_cli",
        "dry_run_supported",
        "estimated_duration_seconds",
        "event_count",
        "event_error",
        "events",
        "events_left_out",
        "exception",
        "exit_code",
        "exit_status",
        "hint",
        "last_event",
        "log_path",
        "log_problem",
        "missing_env",
        "mode",
        "next_check_after_seconds",
        "output_format",
        "p90_duration_seconds",
        "parse_error",
        "pid",
        "plan_warning",
        "reason",
        "replaces",
        "result_error",
        "retries_cut_short_by_timeout_seconds",
        "service_result",
        "signal",
        "spooled",
        "stderr",
        "stderr_truncated",
        "stdout",
        "stdout_truncated",
        "taken_over",
        "timed_out",
        "waited_for",
        "waited_seconds",
        "waits_for",
    }
)


def returned(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the details that the task itself made; of a command that is its JSON."""
    return {key: value for key, value in details.items() if key not in _OF_DOCKET}

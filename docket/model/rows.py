"""The rows of one run in the store: each class names the columns of its table, in order.

The tables (`store.tables`), the statements that write them, the spool and what readers get all
follow from these classes. A new column is a field here and a step in `store.migration`.
Instants (`_at`, `scheduled_for`) are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from docket.model.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict, Unpack

    class Notes(TypedDict, total=False):
        """What Docket itself adds to the details of a run, beside what the task reports."""

        trigger_path: str  # the watched path that started it, if the task has only one
        waits_for: str  # while it is pending
        waited_for: str
        waited_seconds: float
        replaces: list[str]  # the runs that it ended to take their place
        dependencies: list[dict[str, Any]]  # the results of the runs before it
        missing_env: list[str]
        events_left_out: int
        log_problem: str
        plan_warning: str  # why it ran by an older plan
        limits_passed: list[dict[str, Any]]
        service_result: str | None  # of a runner that died, as systemd reports it
        exit_status: str | None
        spooled: bool  # the database could not record its end


class RunRow(Struct):
    """One run; `details` and `params` are values here, and JSON in the store."""

    run_id: str
    task: str
    status: str = "running"
    error_code: str | None = None  # the finer cause: exit_code, signal, oom_kill, overlap ...
    trigger: str
    scheduled_for: int | None = None  # the fire it is for
    started_at: int
    finished_at: int | None = None
    exit_code: int | None = None  # Docket's own: 0, 1, 130
    summary: str = ""
    details: dict[str, Any] = {}  # noqa: RUF012  (Struct copies it)
    dry_run: bool = False
    retry_count: int = 0
    unit: str | None = None
    invocation_id: str | None = None
    boot_id: str | None = None
    pid: int | None = None
    plan_hash: str | None = None
    blocked_by: str | None = None  # the run that was in the way of a skipped one
    log_path: str | None = None
    peak_memory_bytes: int | None = None
    cpu_us: int | None = None
    params: dict[str, str] | None = None
    idempotency_key: str | None = None
    parent_run_id: str | None = None  # the run whose tree this one belongs to
    cancel_requested_at: int | None = None
    sandbox: str | None = None  # the profile that was in force, and what the task differs by
    output_bytes: int | None = None  # what the last attempt wrote to both streams
    triggered_by: str | None = None  # the run whose end started it

    def note(self, **notes: Unpack[Notes]) -> None:
        """Add to the details what Docket itself says of the run."""
        self.details.update(notes)


class AttemptRow(Struct):
    """One attempt of a run."""

    number: int  # from 1
    started_at: int
    finished_at: int | None
    exit_code: int | None
    signal: int | None
    ended_by: str  # exit, signal, timeout, idle_timeout, spawn, stop
    peak_memory_bytes: int | None
    cpu_us: int | None


class EventRow(Struct):
    """One event that a task reported; writers pass tuples in this order, because there are many."""

    event_index: int  # from 1
    at: int
    timestamp: str | None  # the event's own, if it brought one
    event_type: str | None
    event: str  # JSON


class HookRow(Struct):
    """The outcome of one hook, or of one message."""

    position: int
    kind: str  # on_success, on_failure, on_complete, notify
    label: str
    # started, done, timed_out, failed_to_start; of a message delivered, failed, suppressed
    state: str = "started"
    exit_code: int | None = None  # None while it runs or if it could not start
    stdout: str = ""
    stderr: str = ""
    started_at: int
    duration_us: int | None = None

"""What readers of the store get. Instants are microseconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from docket.model.record import Record
from docket.model.states import RunStatus, Trigger

NOTIFICATION = "notify"  # the kind of a hook that is a message


class RunRecord(Record):
    """One run. A finished run never changes."""

    run_id: str
    task: str
    status: RunStatus
    error_code: str | None  # the finer cause: exit_code, signal, oom_kill, overlap ...
    trigger: Trigger
    scheduled_for_us: int | None  # the fire it is for
    started_us: int
    finished_us: int | None
    duration_seconds: float | None
    exit_code: int | None  # Docket's own: 0, 1, 130
    summary: str
    details: Mapping[str, Any]
    dry_run: bool
    retry_count: int
    unit: str | None
    invocation_id: str | None
    boot_id: str | None
    pid: int | None
    plan_hash: str | None
    blocked_by: str | None  # the run that was in the way of a skipped one
    log_path: str | None
    peak_memory_bytes: int | None
    cpu_seconds: float | None
    params: Mapping[str, str] | None = None
    idempotency_key: str | None = None
    parent_run_id: str | None = None  # the run whose tree this one belongs to
    cancel_requested_us: int | None = None
    output_bytes: int | None = None  # what the last attempt wrote to both streams


class RunSample(NamedTuple):
    """What a run tells of how its task is doing; instants are microseconds since the epoch."""

    status: RunStatus
    error_code: str | None
    trigger: Trigger
    scheduled_for_us: int | None
    started_us: int
    finished_us: int | None
    retry_count: int
    peak_memory_bytes: int | None
    output_bytes: int | None

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it goes on."""
        return 0.0 if self.finished_us is None else (self.finished_us - self.started_us) / 1e6

    @property
    def reached_us(self) -> int:
        """The latest instant that it accounts for: no other run was due up to then."""
        return max(self.started_us, self.finished_us or 0, self.scheduled_for_us or 0)


class OverrideRecord(Record):
    """What somebody has ordered of a task's timer for a while."""

    task: str
    kind: str  # pause, skip-next
    until_us: int | None  # when a pause ends by itself
    remaining: int | None  # how many fires are still to be skipped
    reason: str | None
    since_us: int


class AttemptRecord(Record):
    """One attempt of a run."""

    run_id: str
    number: int  # from 1
    started_us: int
    finished_us: int | None
    exit_code: int | None
    signal: int | None
    ended_by: str  # exit, signal, timeout, idle_timeout, spawn, stop
    peak_memory_bytes: int | None
    cpu_seconds: float | None


class EventRecord(Record):
    """One event that a task reported."""

    run_id: str
    task: str
    event_index: int  # from 1
    at_us: int
    timestamp: str | None  # the event's own, where it brought one
    event_type: str | None
    event: Any


def hook_went_well(label: str, state: str, exit_code: int | None) -> bool:
    """Whether a hook did what it was for; the exit code of an agent's and a message's is HTTP's."""
    if state in ("delivered", "suppressed"):
        return True
    return state == "done" and (not exit_code or label.startswith("agent:"))


class HookRecord(Record):
    """The outcome of one hook; `exit_code` is None while it runs or where it could not start."""

    run_id: str
    kind: str  # on_success, on_failure, on_complete, notify
    position: int
    label: str
    state: str  # started, done, timed_out, failed_to_start; delivered, failed, suppressed
    exit_code: int | None
    stdout: str
    stderr: str
    duration_seconds: float | None

    @property
    def went_well(self) -> bool:
        """Whether it did what it was for."""
        return hook_went_well(self.label, self.state, self.exit_code)

"""What readers of the store get. Instants are microseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Any, NamedTuple

from docket.model.record import Record
from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.model.states import RunStatus, Trigger

NOTIFICATION = "notify"  # the kind of a hook that is a message


class RunRecord(RunRow):
    """One run as readers get it. A finished run never changes.

    `damaged` names the columns that hold what Docket never writes; they have harmless values here.
    """

    status: RunStatus
    trigger: Trigger
    damaged: tuple[str, ...] = ()

    @property
    def scheduled_for_us(self) -> int | None:
        """The fire that it is for."""
        return self.scheduled_for

    @property
    def started_us(self) -> int:
        """When it began."""
        return self.started_at

    @property
    def finished_us(self) -> int | None:
        """When it ended; None while it goes on."""
        return self.finished_at

    @property
    def duration_seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return None if self.finished_at is None else (self.finished_at - self.started_at) / 1e6

    @property
    def cpu_seconds(self) -> float | None:
        """The processor time of its command."""
        return _seconds(self.cpu_us)

    @property
    def cancel_requested_us(self) -> int | None:
        """When a cancel was first requested."""
        return self.cancel_requested_at


class RunSample(NamedTuple):
    """What the health of a task needs of one run; instants are microseconds since the epoch."""

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
        """The latest instant that it covers: no other run was due up to then."""
        return max(self.started_us, self.finished_us or 0, self.scheduled_for_us or 0)


class OverrideRecord(Record):
    """A pause or a skip of a task's timer."""

    task: str
    kind: str  # pause, skip-next
    until_us: int | None  # when a pause ends by itself
    remaining: int | None  # how many fires are still to be skipped
    reason: str | None
    since_us: int


class AuditRecord(Record):
    """One change that a command made; what was before and what is after, as JSON holds it."""

    at_us: int
    uid: int
    login_uid: int | None
    tool: str  # "" is not known
    verb: str
    task: str | None
    before: Any
    after: Any


class AttemptRecord(AttemptRow):
    """One attempt of a run as readers get it."""

    run_id: str

    @property
    def started_us(self) -> int:
        """When it began."""
        return self.started_at

    @property
    def finished_us(self) -> int | None:
        """When it ended."""
        return self.finished_at

    @property
    def cpu_seconds(self) -> float | None:
        """The processor time of the command."""
        return _seconds(self.cpu_us)


class EventRecord(EventRow):
    """One event as readers get it: `event` is the value here."""

    event: Any
    run_id: str
    task: str

    @property
    def at_us(self) -> int:
        """When it arrived."""
        return self.at


def hook_went_well(label: str, state: str, exit_code: int | None) -> bool:
    """Whether a hook succeeded; the exit code of an agent hook and a message is an HTTP status."""
    if state in ("delivered", "suppressed"):
        return True
    return state == "done" and (not exit_code or label.startswith("agent:"))


class HookRecord(HookRow):
    """The outcome of one hook as readers get it."""

    run_id: str

    @property
    def duration_seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return _seconds(self.duration_us)

    @property
    def went_well(self) -> bool:
        """Whether it succeeded."""
        return hook_went_well(self.label, self.state, self.exit_code)


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6

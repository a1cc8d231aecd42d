"""When a failure is reported, when it is kept silent, and when its end is reported.

An incident begins with a failure, goes on while runs fail, and ends with a success. It is reported
when it begins, when its cause changes, and again after a while; its end is reported once.
"""

from __future__ import annotations

from docket.model.struct import Struct

FAILURE = "failure"  # the first, or one of another cause
REMINDER = "reminder"  # the failure has lasted long
RECOVERY = "recovery"
SILENT = "silent"
_LONGEST = 300


class Incident(Struct):
    """The last incident of a task, as its columns.

    `judged` is the last run that was looked at, and `verdict` what to report of it: a second look
    at the same run, after a crash, gets the same answer. `told_at` is when a message was delivered,
    None before that.
    """

    task: str
    signature: str
    error_code: str | None
    summary: str
    opened_at: int
    opened_by: str
    failures: int
    judged: str
    verdict: str
    told_at: int | None
    told_by: str | None
    closed_at: int | None
    closed_by: str | None

    @property
    def is_open(self) -> bool:
        """Whether no success has ended it."""
        return self.closed_at is None


class Failed:
    """A run that failed: what an incident needs to know of it. `at` is when it ended."""

    __slots__ = ("at", "error_code", "run_id", "summary", "task")

    def __init__(
        self, task: str, run_id: str, error_code: str | None, summary: str, at: int
    ) -> None:
        self.task = task
        self.run_id = run_id
        self.error_code = error_code
        self.summary = summary
        self.at = at

    @property
    def signature(self) -> str:
        """The cause, without what differs from run to run: numbers, times, ids."""
        words = self.summary.lower().split()
        same = ["#" if any(c.isdigit() for c in word) else word for word in words]
        return f"{self.error_code or ''}\n{' '.join(same)}"[:_LONGEST]


def on_failure(
    standing: Incident | None, failed: Failed, remind_after_us: int, *, stale: bool
) -> Incident:
    """Return the incident after a failure; its `verdict` says what to report.

    `stale`: the task has run again since, so this failure is reported (once in a while) and opens
    no incident.
    """
    if standing is not None and standing.judged == failed.run_id:
        return standing
    if standing is None or not (standing.is_open or stale):
        return _opened(failed, closed=stale)
    changed = standing.signature != failed.signature
    verdict = _verdict(standing, failed, remind_after_us, changed=changed)
    if stale and not standing.is_open and changed:
        return _opened(failed, closed=True)
    found = _copy(standing)
    found.failures += 1
    found.judged, found.verdict = failed.run_id, verdict
    if not stale:
        found.signature, found.error_code = failed.signature, failed.error_code
        found.summary = failed.summary
    return found


def on_success(standing: Incident | None, run_id: str, at: int) -> Incident | None:
    """Return the incident after a success, None if there is none to end."""
    if standing is None or standing.judged == run_id:
        return standing
    if not standing.is_open or run_id < standing.judged:
        return None
    found = _copy(standing)
    found.judged, found.closed_at, found.closed_by = run_id, at, run_id
    found.verdict = RECOVERY if standing.told_at is not None else SILENT
    return found


def _verdict(standing: Incident, failed: Failed, remind_after_us: int, *, changed: bool) -> str:
    if changed or standing.told_at is None:
        return FAILURE
    return REMINDER if failed.at - standing.told_at >= remind_after_us else SILENT


def _opened(failed: Failed, *, closed: bool) -> Incident:
    return Incident(
        task=failed.task,
        signature=failed.signature,
        error_code=failed.error_code,
        summary=failed.summary,
        opened_at=failed.at,
        opened_by=failed.run_id,
        failures=1,
        judged=failed.run_id,
        verdict=FAILURE,
        told_at=None,
        told_by=None,
        closed_at=failed.at if closed else None,
        closed_by=failed.run_id if closed else None,
    )


def _copy(incident: Incident) -> Incident:
    return Incident.of(incident.values())

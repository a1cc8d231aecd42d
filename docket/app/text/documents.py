"""The JSON shapes that the commands share: a run, a latest run, an event, a hook, an attempt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from docket.app.text.details import bounded_details
from docket.app.text.redaction import redact_text
from docket.model.ends.commandexit import command_exit_code
from docket.model.incident import Incident
from docket.model.median import median
from docket.model.records import (
    NOTIFICATION,
    AttemptRecord,
    EventRecord,
    HookRecord,
    OverrideRecord,
    RunRecord,
)
from docket.model.states import RunStatus

if TYPE_CHECKING:
    from docket.app.text.shapes import (
        AttemptDocument,
        DurationsDocument,
        EventDocument,
        HookDocument,
        IncidentDocument,
        LatestDocument,
        OverrideDocument,
        ProvenanceDocument,
        RunDocument,
    )

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant_us: int) -> str:
    """Return an instant (microseconds since the epoch) as ISO 8601 in UTC, microseconds kept."""
    return (_EPOCH + timedelta(microseconds=instant_us)).isoformat(timespec="microseconds")


def iso_or_none(instant_us: int | None) -> str | None:
    """Return `iso` of an instant; None for none, and for one that no calendar holds."""
    if instant_us is None:
        return None
    try:
        return iso(instant_us)
    except OverflowError:
        return None


def run_document(run: RunRecord, *, alive: bool | None = None, listed: bool = False) -> RunDocument:
    """Return one run as the history shows it; `alive` is whether its lock is held, if known.

    A run that is `listed` among others has bounded details.
    """
    details = details_document(run)
    return {
        "run_id": run.run_id,
        "task_name": run.task,
        "status": str(run.status),
        "started_at": iso(run.started_us),
        "finished_at": iso_or_none(run.finished_us),
        "duration_seconds": _seconds(run.duration_seconds),
        "exit_code": run.exit_code,
        "command_exit_code": command_exit_code(run.details),
        "summary": run.summary,
        "details": bounded_details(details) if listed else details,
        "dry_run": run.dry_run,
        "alive": alive,
        **_provenance(run),
    }


def latest_document(run: RunRecord) -> LatestDocument:
    """Return one finished run as the latest of its task; `last_run` is when it finished."""
    return {
        "task_name": run.task,
        "run_id": run.run_id,
        "started_at": iso(run.started_us),
        "last_run": iso(run.started_us if run.finished_us is None else run.finished_us),
        "duration_seconds": _seconds(run.duration_seconds),
        "exit_code": run.status.exit_code if run.exit_code is None else run.exit_code,
        "command_exit_code": command_exit_code(run.details),
        "summary": run.summary,
        "details": bounded_details(details_document(run)),
        "dry_run": run.dry_run,
        "status": str(run.status),
        **_provenance(run),
    }


def details_document(run: RunRecord) -> dict[str, Any]:
    """Return what the run left; one in the background says so, and where it is followed."""
    details = dict(run.details)
    if details.get("mode") == "async":
        details = {"pid": run.pid, "log_path": run.log_path, **details}
    if run.status is RunStatus.CANCELLED:
        details.setdefault("cancelled", True)
    if run.damaged:
        details["damaged"] = list(run.damaged)
    return details


def event_document(event: EventRecord) -> EventDocument:
    """Return one event; its own timestamp if it brought one, else when it arrived."""
    return {
        "run_id": event.run_id,
        "task_name": event.task,
        "event_index": event.event_index,
        "timestamp": event.timestamp or iso(event.at_us),
        "event_type": event.event_type,
        "event": event.event,
        "received_at": iso(event.at_us),
    }


def override_document(override: OverrideRecord) -> OverrideDocument:
    """Return an order for a task's timer (a pause or a skip) as a JSON object."""
    return {
        "kind": override.kind,
        "until": iso_or_none(override.until_us),
        "remaining": override.remaining,
        "reason": override.reason,
        "since": iso(override.since_us),
    }


def hook_document(hook: HookRecord) -> HookDocument:
    """Return the outcome of one hook."""
    return {
        "command": hook.label,
        "exit_code": hook.exit_code,
        "stdout": hook.stdout,
        "stderr": hook.stderr,
        "kind": hook.kind,
        "state": hook.state,
        "duration_seconds": _seconds(hook.duration_seconds),
    }


def hook_sentence(hook: HookRecord) -> str:
    """Return what went wrong with a hook or a message."""
    if hook.kind == NOTIFICATION:
        what = f"The message by {hook.label.partition(':')[2]} was not delivered"
    else:
        what = f"The hook {hook.kind} did not do its work ({redact_text(hook.label)})"
    why = next(iter(hook.stderr.strip().splitlines()[-1:]), "")
    if not why and hook.exit_code is not None:
        why = f"exit code {hook.exit_code}"
    return f"{what}: {redact_text(why) or hook.state.replace('_', ' ')}"


def incident_document(incident: Incident) -> IncidentDocument:
    """Return a task's incident as a JSON object."""
    return {
        "open": incident.is_open,
        "opened_at": iso(incident.opened_at),
        "opened_by": incident.opened_by,
        "closed_at": iso_or_none(incident.closed_at),
        "closed_by": incident.closed_by,
        "failures": incident.failures,
        "error_code": incident.error_code,
        "summary": incident.summary,
        "told_at": iso_or_none(incident.told_at),
        "told_by": incident.told_by,
    }


def attempt_document(attempt: AttemptRecord) -> AttemptDocument:
    """Return one attempt; `exit_code` and `signal` are the command's own."""
    return {
        "number": attempt.number,
        "started_at": iso(attempt.started_us),
        "finished_at": iso_or_none(attempt.finished_us),
        "exit_code": attempt.exit_code,
        "signal": attempt.signal,
        "ended_by": attempt.ended_by,
        "peak_memory_bytes": attempt.peak_memory_bytes,
        "cpu_seconds": _seconds(attempt.cpu_seconds),
    }


def duration_document(seconds: Sequence[float]) -> DurationsDocument | None:
    """Return what runs usually take, from the durations of the last good ones; None for none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    count = len(ordered)
    return {
        "sample_size": count,
        "median_seconds": round(median(ordered), 3),
        "p90_seconds": round(ordered[math.ceil(0.9 * count) - 1], 3),
        "average_seconds": round(sum(ordered) / count, 3),
    }


def _provenance(run: RunRecord) -> ProvenanceDocument:
    return {
        "error_code": run.error_code,
        "trigger": str(run.trigger),
        "scheduled_for": iso_or_none(run.scheduled_for_us),
        "retry_count": run.retry_count,
        "blocked_by": run.blocked_by,
        "unit": run.unit,
        "invocation_id": run.invocation_id,
        "pid": run.pid,
        "log_path": run.log_path,
        "peak_memory_bytes": run.peak_memory_bytes,
        "cpu_seconds": _seconds(run.cpu_seconds),
        "output_bytes": run.output_bytes,
        "sandbox": run.sandbox,
        "params": None if run.params is None else dict(run.params),
        "idempotency_key": run.idempotency_key,
        "triggered_by": run.triggered_by,
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)

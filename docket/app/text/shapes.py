"""The shapes that the documents of several commands share: a run, an event, a hook, an attempt."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from docket.model.jsonkinds import (
    Amount,
    Count,
    Index,
    Instant,
    JsonObject,
    Rule,
    RunId,
    Status,
    TriggerName,
)

CommandExitCode = Annotated[int | None, "The command's own exit code; null if it has none."]
FailingSince = Annotated[
    Instant | None, "When the first run after the last success failed; null if none did."
]


class ProvenanceDocument(TypedDict):
    """Where a run came from and what it used."""

    error_code: Annotated[str | None, "The cause, a stable word; null for a success."]
    trigger: Annotated[TriggerName, "What started the run."]
    scheduled_for: Annotated[Instant | None, "The fire that the run is for."]
    retry_count: Annotated[Count, "How many retries were made."]
    blocked_by: Annotated[str | None, "The run because of which this one was skipped."]
    unit: Annotated[str | None, "The systemd unit that it ran in."]
    invocation_id: Annotated[str | None, "systemd's id of that start of the unit."]
    pid: Annotated[Count | None, "The process id of the runner."]
    log_path: Annotated[str | None, "The log file."]
    peak_memory_bytes: Annotated[Count | None, "The largest memory of the command."]
    cpu_seconds: Annotated[Amount | None, "Processor time of the command, in seconds."]
    output_bytes: Annotated[Count | None, "What its last attempt wrote to both streams."]
    sandbox: Annotated[
        str | None,
        "The sandbox that the run was in, with the keys by which the task's own differs from the"
        " profile: none, strict+writable; null if not known.",
    ]
    params: Annotated[dict[str, str] | None, "The values that the run was given, by input."]
    idempotency_key: Annotated[str | None, "The idempotency key of the request."]
    triggered_by: Annotated[str | None, "The run whose end started it."]


class RunDocument(ProvenanceDocument):
    """One run, as the history shows it."""

    run_id: Annotated[RunId, "The run's id."]
    task_name: Annotated[str, "The task."]
    status: Annotated[Status, "The state of the run."]
    started_at: Annotated[Instant, "When the run began."]
    finished_at: Annotated[Instant | None, "When it ended."]
    duration_seconds: Annotated[Amount | None, "From start to end; null while it runs."]
    exit_code: Annotated[
        int | None, "Docket's own: 0, 1, 2 (dry run completed) or 130 (cancelled)."
    ]
    command_exit_code: CommandExitCode
    summary: Annotated[str, "One line that says what happened."]
    details: Annotated[
        JsonObject, "What the task left: command, stdout, stderr, exit_code, json, events, ..."
    ]
    dry_run: Annotated[bool, "Whether it was a dry run."]
    alive: Annotated[
        bool | None, "Whether the lock of an unfinished run is held; null if not known."
    ]


class LatestDocument(ProvenanceDocument):
    """The last finished run of a task."""

    task_name: Annotated[str, "The task."]
    run_id: Annotated[RunId, "The run's id."]
    started_at: Annotated[Instant, "When the run began."]
    last_run: Annotated[Instant, "When it ended."]
    duration_seconds: Annotated[Amount | None, "From start to end; null if not known."]
    exit_code: Annotated[int, "Docket's own: 0, 1, 2 (dry run completed) or 130 (cancelled)."]
    command_exit_code: CommandExitCode
    summary: Annotated[str, "One line that says what happened."]
    details: Annotated[
        JsonObject, "What the task left: command, stdout, stderr, exit_code, json, events, ..."
    ]
    dry_run: Annotated[bool, "Whether it was a dry run."]
    status: Annotated[Status, "The state of the run."]


class EventDocument(TypedDict):
    """One event that a run reported."""

    run_id: Annotated[RunId, "The run's id."]
    task_name: Annotated[str, "The task."]
    event_index: Annotated[Index, "The place of the event in its run."]
    timestamp: Annotated[str, "The event's own timestamp, or else when it arrived."]
    event_type: Annotated[
        str | None, "The first of the keys event, type and status that the event has."
    ]
    event: Annotated[Any, "The event as the task printed it."]
    received_at: Annotated[Instant, "When the event arrived."]


class HookDocument(TypedDict):
    """The outcome of one hook or of one message."""

    command: Annotated[str, "The hook's command; `agent:HOST`, or `notify:CHANNEL`."]
    exit_code: Annotated[int | None, "Null while it runs, and if it could not start."]
    stdout: Annotated[str, "What it wrote to standard output."]
    stderr: Annotated[str, "What it wrote to standard error."]
    kind: Annotated[
        str,
        Rule(enum=["on_success", "on_failure", "on_complete", "notify"]),
        "When it runs; notify is a notification.",
    ]
    state: Annotated[
        str,
        "started, done, timed_out or failed_to_start; of a notification also delivered, failed or "
        "suppressed.",
    ]
    duration_seconds: NotRequired[
        Annotated[Amount | None, "From start to end; null while it runs."]
    ]


class AttemptDocument(TypedDict):
    """One attempt of a run."""

    number: Annotated[Index, "Which attempt it is."]
    started_at: Annotated[Instant, "When the attempt began."]
    finished_at: Annotated[Instant | None, "When it ended."]
    exit_code: Annotated[int | None, "The command's own exit code."]
    signal: Annotated[int | None, "The signal that ended it."]
    ended_by: Annotated[str, "exit, signal, timeout, idle_timeout, spawn or stop."]
    peak_memory_bytes: Annotated[Count | None, "The largest memory of the command."]
    cpu_seconds: Annotated[Amount | None, "Processor time, in seconds."]


class OverrideDocument(TypedDict):
    """A pause of a task, or fires that are skipped."""

    kind: Annotated[str, Rule(enum=["pause", "skip-next"]), "Which of the two."]
    until: Annotated[Instant | None, "When a pause ends by itself."]
    remaining: Annotated[Count | None, "How many more fires are skipped."]
    reason: Annotated[str | None, "The reason, as it was given."]
    since: Annotated[Instant, "When it was ordered."]


class IncidentDocument(TypedDict):
    """A row of failures that somebody is notified of."""

    open: Annotated[bool, "Whether no success has ended it."]
    opened_at: Annotated[Instant, "When it began."]
    opened_by: Annotated[str, "The run that failed first."]
    closed_at: Annotated[Instant | None, "When it ended."]
    closed_by: Annotated[str | None, "The run that ended it."]
    failures: Annotated[Count, "How many runs have failed in it."]
    error_code: Annotated[str | None, "Its cause, the error_code of a run."]
    summary: Annotated[str, "The summary of the run that gave it its cause."]
    told_at: Annotated[Instant | None, "When the last notification was sent."]
    told_by: Annotated[str | None, "The run that the last notification was about."]


class DurationsDocument(TypedDict):
    """How long the last good runs of a task took."""

    sample_size: Annotated[int, Rule(minimum=1), "How many good runs."]
    median_seconds: Annotated[Amount, "Half of them took less."]
    p90_seconds: Annotated[Amount, "Nine of ten took at most this long."]
    average_seconds: Annotated[Amount, "The mean."]


class SchemaReferenceDocument(TypedDict):
    """How to get a JSON Schema."""

    name: Annotated[str, "The schema's name."]
    command: Annotated[str, "The command that prints it."]
    path: Annotated[str | None, "Its file; null if it is made on request."]


Notified = Annotated[
    str | None,
    Rule(enum=["delivered", "failed", "suppressed", None]),
    "What happened to its messages; null if there were none to send.",
]

"""The shapes of what `run`, `wait`, `cancel` and `notify test` answer."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.app.text.shapes import CommandExitCode, DurationsDocument, HookDocument, RunDocument
from docket.model.jsonkinds import Amount, Count, Fraction, Instant, JsonObject, Rule, RunId, Status


class ProgressDocument(TypedDict):
    """How much of its work a task said that it has done."""

    fraction: Annotated[Fraction | None, "How much is done; null if not known."]
    message: Annotated[str, "What it is doing; may be empty."]
    at: Annotated[Instant, "When the task said so."]


class UnfinishedRunDocument(RunDocument):
    """A run that has not ended."""

    progress: Annotated[ProgressDocument | None, "Its last progress; null if it reports none."]


class OutcomeDocument(TypedDict):
    """The result of a run in the foreground."""

    ok: Annotated[bool, "Whether the run succeeded."]
    status: Annotated[Status, "The state of the run."]
    summary: Annotated[str, "One line that says what happened."]
    details: Annotated[
        JsonObject, "What the task left: command, stdout, stderr, exit_code, json, events, ..."
    ]
    dry_run: Annotated[bool, "Whether it was a dry run."]
    exit_code: Annotated[int, "Docket's own: 0, 1, 2 (dry run completed) or 130 (cancelled)."]
    command_exit_code: CommandExitCode
    retry_count: Annotated[Count, "How many retries were made."]
    run_id: Annotated[RunId, "The run's id."]
    task: Annotated[str, "The task."]
    started_at: Annotated[Instant, "When the run began."]
    finished_at: Annotated[Instant | None, "When it ended."]
    duration_seconds: Annotated[Amount | None, "From start to end; null while it runs."]
    hooks: Annotated[list[HookDocument], "The outcomes of the hooks that ran."]
    error_code: Annotated[str | None, "The cause, a stable word; null for a success."]
    log_path: Annotated[str | None, "The log file."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]
    typical_duration: NotRequired[Annotated[DurationsDocument, "How long its good runs took."]]


class ExpectationDocument(TypedDict):
    """How long a run may take."""

    next_check_after_seconds: Annotated[
        float, Rule(minimum=1), "When it is worth looking at the run again."
    ]
    estimated_duration_seconds: NotRequired[Annotated[Amount, "Half of its good runs took less."]]
    p90_duration_seconds: NotRequired[Annotated[Amount, "Nine of ten took at most this long."]]


class ReceiptDocument(ExpectationDocument):
    """The receipt of a run in the background."""

    ok: Annotated[Literal[True], "The run was started."]
    status: Annotated[Literal["running"], "Always running; `docket status` shows the state."]
    task: Annotated[str, "The task."]
    run_id: Annotated[RunId, "The run's id."]
    pid: Annotated[Count | None, "The process id of the runner; null if it ended at once."]
    started_at: Annotated[Instant, "When the run was asked for."]
    log_path: Annotated[str, "The log file."]
    status_command: Annotated[str, "The command that shows the run."]
    wait_command: Annotated[str, "The command that waits for its end."]
    logs_command: Annotated[str, "The command that shows what it printed."]
    mode: Annotated[Literal["async"], "Always async."]
    unit: Annotated[str | None, "The systemd unit of this run."]
    launcher: Annotated[str, Rule(enum=["systemd", "direct"]), "What started it."]
    idempotency_key: Annotated[str | None, "The idempotency key of the request."]
    repeated: Annotated[bool, "Whether an earlier request with this key started the run."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]
    typical_duration: NotRequired[Annotated[DurationsDocument, "How long its good runs took."]]


class WaitTimeoutDocument(TypedDict):
    """A run that had not ended when the time of `wait` was over."""

    run_id: Annotated[RunId, "The run's id."]
    task_name: Annotated[str, "The task."]
    status: Annotated[Literal["wait_timeout"], "The run had not ended in time."]
    last_seen_status: Annotated[Status, "The state of the run."]


class TerminationDocument(TypedDict):
    """How a run was ended."""

    method: Annotated[str, Rule(enum=["unit", "lock_holder", "request"]), "What ended the run."]
    unit: Annotated[str | None, "The unit that was stopped."]
    pid: Annotated[Count | None, "The process that held the run's lock."]
    signal: Annotated[
        str | None, Rule(enum=["SIGTERM", "SIGKILL", None]), "The last signal that it got."
    ]
    killed: Annotated[list[int], "The processes that had to be killed."]


class CancelledDocument(RunDocument):
    """A run that somebody asked to cancel."""

    cancelled: Annotated[bool, "Whether the run is cancelled, by this call or an earlier one."]
    termination: Annotated[
        TerminationDocument | None, "How it was ended; null if nothing had to be signalled."
    ]


class DeliveryDocument(TypedDict):
    """The outcome of one channel's test message."""

    channel: Annotated[str, "The channel."]
    ok: Annotated[bool, "Whether the other side accepted the message."]
    state: Annotated[str, "delivered, failed, timed_out or failed_to_start."]
    exit_code: Annotated[int | None, "Its answer, such as an HTTP status."]
    stdout: Annotated[str, "What it answered."]
    stderr: Annotated[str, "What went wrong, in a sentence."]
    duration_seconds: Annotated[Amount, "How long it took."]


class NotifyTestDocument(TypedDict):
    """The outcomes of a task's test messages."""

    ok: Annotated[bool, "Whether every channel accepted the message."]
    task: Annotated[str, "The task."]
    channels: Annotated[list[DeliveryDocument], "Each channel with its outcome."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]


class PolicyDocument(TypedDict):
    """What would be in force for a run of a task."""

    task: Annotated[str, "The task."]
    trigger: Annotated[
        str, Rule(enum=["timer", "agent", "manual"]), "Who would start the run, as it was asked."
    ]
    starter: Annotated[
        str, Rule(enum=["unattended", "agent", "manual"]), "The entry of `policy` that counts."
    ]
    sandbox: Annotated[str, "The profile, with the keys by which the task's own differs from it."]
    allowed: Annotated[bool, "Whether the run would be started at all."]
    decided_by: Annotated[
        str,
        Rule(enum=["task", "policy", "option", "environment"]),
        "What asks for the profile that is in force.",
    ]
    reasons: Annotated[list[str], "What asks for what, in sentences."]


class VariableDocument(TypedDict):
    """One variable of a task's environment."""

    name: Annotated[str, "Its name."]
    value: Annotated[str | None, "Its value; `***` if it is masked, null if only a run has one."]
    masked: Annotated[bool, "Whether the value is, or may be, a secret, and is not shown."]
    each_run: Annotated[bool, "Whether each run gets a value of its own."]
    source: Annotated[
        str,
        Rule(enum=["manager", "unit", "docket", "env", "env_file", "credential", "caller"]),
        "What gives it: the manager to all units, systemd to this unit, Docket, or a key of the"
        " task; `caller` only if no service manager answers.",
    ]
    file: Annotated[str | None, "The environment file that has it."]


class ChangedVariableDocument(TypedDict):
    """A variable that the task and the caller have with different values."""

    name: Annotated[str, "Its name."]
    task: Annotated[str | None, "The task's value, as under `variables`."]
    caller: Annotated[str, "The value in the environment of this command; `***` for a secret."]


class EnvironmentDifferenceDocument(TypedDict):
    """How the environment of a task differs from that of the caller."""

    added: Annotated[list[str], "The variables that only the task has."]
    absent: Annotated[list[str], "The variables that only the caller has."]
    changed: Annotated[list[ChangedVariableDocument], "Those whose values differ."]


class EnvironmentDocument(TypedDict):
    """The environment that the unit of a task gives to its command."""

    task: Annotated[str, "The task."]
    unit: Annotated[str, "Its service."]
    loaded: Annotated[bool, "Whether the service manager knows the unit."]
    user: Annotated[str | None, "The user of the task, if that is not Docket's own."]
    variables: Annotated[list[VariableDocument], "All variables of a run by timer, by name."]
    difference: Annotated[
        EnvironmentDifferenceDocument, "How it differs from the environment of this command."
    ]
    warnings: Annotated[list[str], "Further remarks, in sentences."]

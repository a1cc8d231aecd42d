"""The shapes of what `status`, `list`, `describe` and `health` answer."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.app.fires.shapes import FailedUnitDocument, WatchDocument
from docket.app.runs.shapes import ProgressDocument, UnfinishedRunDocument
from docket.app.status.contractshapes import ContractDocument
from docket.app.text.shapes import (
    AttemptDocument,
    FailingSince,
    HookDocument,
    IncidentDocument,
    LatestDocument,
    OverrideDocument,
    RunDocument,
)
from docket.model.jsonkinds import Amount, Count, Instant, JsonObject, Rule
from docket.model.shapes import ProblemDocument


class TimerDocument(TypedDict):
    """The timer of a task, as systemd sees it."""

    unit: Annotated[str, "The timer unit."]
    state: Annotated[str, "active, inactive, failed, not installed, masked, unknown, ..."]
    enabled: Annotated[bool | None, "Whether it starts at boot; null if not known."]
    next_fire: Annotated[Instant | None, "The first fire that no order holds back."]
    last_trigger: Annotated[Instant | None, "When it fired last."]


class StandingDocument(TypedDict):
    """The present state of a task."""

    running: Annotated[list[UnfinishedRunDocument], "The task's runs that have not ended."]
    timer: Annotated[TimerDocument | None, "Null if the task has no times."]
    after: Annotated[list[str], "The ends of other tasks that start it, such as after build (end)."]
    after_off: Annotated[bool, "Whether somebody keeps it from starting so."]
    path: Annotated[WatchDocument | None, "What watches its paths; null if it watches none."]
    plan: Annotated[
        str,
        Rule(enum=["fresh", "stale", "last_good", "removed", "missing"]),
        "The plan that the next run uses; last_good is an older plan, because the config is "
        "broken, and removed is that of a task that the config has no more.",
    ]
    drift: Annotated[list[str], "How the unit files differ from the plan, in sentences."]
    hand_edits: Annotated[list[str], "Unit files that were edited by hand."]
    drop_ins: Annotated[list[str], "Drop-ins that others wrote for the task's units."]
    configured: Annotated[bool, "Whether the config has the task."]
    consecutive_failures: Annotated[Count, "How many runs in a row have failed."]
    failing_since: FailingSince
    failed_unit: Annotated[FailedUnitDocument | None, "Its service, if that failed and has no run."]
    bad_hooks: Annotated[list[str], "The last run's hooks and messages that failed, in sentences."]
    problems: Annotated[list[str], "What is wrong with the task's config."]
    overrides: Annotated[list[OverrideDocument], "Pauses and skipped fires that are in effect."]
    incident: Annotated[
        IncidentDocument | None, "The last incident; null if nobody is notified of failures."
    ]


class TaskStatusDocument(LatestDocument, StandingDocument):
    """A task that has run: its last run and its present state."""


class NeverRunDocument(StandingDocument):
    """A task that has never run to its end."""

    task: Annotated[str, "The task."]
    status: Annotated[Literal["never_run"], "No run of it has ended."]


class RunDetailDocument(RunDocument):
    """One run with its attempts and hooks."""

    progress: Annotated[ProgressDocument | None, "Its last progress; null if it reports none."]
    attempts: Annotated[list[AttemptDocument], "Its attempts in order."]
    hooks: Annotated[list[HookDocument], "The outcomes of its hooks in order."]


class UserTaskDocument(TypedDict):
    """One task of a user."""

    task: Annotated[str, "The task."]
    status: Annotated[str, "The status of its last run that ended, or never_run."]
    run_id: Annotated[str | None, "That run."]
    started_at: Annotated[str | None, "When it began."]
    finished_at: Annotated[str | None, "When it ended."]
    running: Annotated[Count, "How many runs of it are under way."]
    consecutive_failures: Annotated[Count, "How many runs failed since the last success."]


class UserStatusDocument(TypedDict):
    """The tasks of one user."""

    user: Annotated[str, "The user."]
    uid: Annotated[Count, "The user's number."]
    system: Annotated[bool, "Whether these are the tasks of the system scope."]
    home: Annotated[str, "The Docket home."]
    tasks: Annotated[list[UserTaskDocument], "The tasks that have run."]
    problem: Annotated[str | None, "Why they cannot be read."]


class AllUsersDocument(TypedDict):
    """The tasks of all users."""

    users: Annotated[list[UserStatusDocument], "Each user with a Docket home."]


StatusAnswer = (
    list[TaskStatusDocument | NeverRunDocument]
    | TaskStatusDocument
    | NeverRunDocument
    | RunDetailDocument
    | AllUsersDocument
)


class ListedTaskDocument(TypedDict):
    """One task in the list."""

    name: Annotated[str, "The task."]
    description: Annotated[str, "What it does."]
    last_run: Annotated[LatestDocument | None, "Its last finished run; dry runs do not count."]
    broken: Annotated[bool, "Whether it cannot be used."]
    problems: Annotated[list[ProblemDocument], "What is wrong with it."]
    enabled: Annotated[bool, "Whether the config wants its timer."]
    installed: Annotated[
        bool | None, "Whether what starts it is installed; null for a task that needs nothing."
    ]
    destructive: Annotated[bool, "Whether it may delete, overwrite or spend."]
    schedule: Annotated[list[str], "Its triggers as written."]


class TaskDocument(TypedDict):
    """What a task is."""

    name: Annotated[str, "The task."]
    description: Annotated[str, "What it does."]
    agent_notes: Annotated[str, "What agents should know."]
    inputs: Annotated[dict[str, str], "What it takes: the description of each input."]
    params: Annotated[list[str], "The inputs that --param can set."]
    outputs: Annotated[dict[str, str], "What it returns: the description of each output."]
    schema: Annotated[JsonObject, "The task's own rules for its config keys."]
    required_env: Annotated[list[str], "Environment variables that must be set."]
    destructive: Annotated[bool, "Whether it may delete, overwrite or spend."]
    network: Annotated[bool, "Whether it uses the network."]
    configured: Annotated[bool, "Whether the config has an entry for it."]
    config: Annotated[JsonObject, "The entry as written, with every secret replaced."]
    type: Annotated[str, Rule(enum=["command", "python"]), "How it is written."]
    enabled: Annotated[bool, "Whether a timer is installed for it."]
    schedule: Annotated[list[str], "Its triggers as written."]
    input_schema: Annotated[str, "The command that prints the JSON Schema of what it takes."]


class UnitNamesDocument(TypedDict):
    """The units of a task."""

    service: Annotated[str, "The service unit."]
    timer: Annotated[str | None, "The timer unit; null if the task has no times."]
    path: Annotated[str | None, "The path unit; null if the task watches no path."]


class LockDocument(TypedDict):
    """The lock of a task."""

    held: Annotated[bool, "Whether the task is running."]
    run_id: Annotated[str | None, "The run that holds it."]
    since: Annotated[Instant | None, "When that run began."]


class GuardDocument(TypedDict):
    """A reason for which a run that began now would be skipped."""

    code: Annotated[str, "The error_code of such a run."]
    runs: Annotated[str, Rule(enum=["timer", "all"]), "Which runs are skipped."]
    sentence: Annotated[str, "The reason in a sentence."]


class NowDocument(TypedDict):
    """The present state of a task; every key is missing if the history cannot be read."""

    next_run: NotRequired[
        Annotated[Instant | None, "When its timer starts it next, orders obeyed."]
    ]
    lock: NotRequired[Annotated[LockDocument, "Its lock."]]
    guards: NotRequired[Annotated[list[GuardDocument], "What would keep a run from beginning."]]
    last_run: NotRequired[
        Annotated[LatestDocument | None, "Its last finished run; dry runs do not count."]
    ]
    last_hooks: NotRequired[Annotated[list[HookDocument], "That run's hooks and messages."]]
    consecutive_failures: NotRequired[Annotated[Count, "How many runs in a row have failed."]]
    failing_since: NotRequired[FailingSince]
    timer: NotRequired[Annotated[TimerDocument | None, "Null if the task has no schedule."]]
    path: NotRequired[
        Annotated[WatchDocument | None, "What watches its paths; null if it watches none."]
    ]
    drift: NotRequired[Annotated[list[str], "How the units differ from the config."]]


class SandboxDocument(TypedDict):
    """What the unit of a task keeps from its runs."""

    profile: Annotated[str, "The profile, with the keys by which the task's own differs from it."]
    directives: Annotated[list[str], "The directives of the unit, as they are written."]
    exposure: Annotated[
        Amount | None,
        "What `systemd-analyze security` makes of the unit, 0 (tight) to 10; null if not known.",
    ]


class DescriptionDocument(TaskDocument, NowDocument):
    """One task in full."""

    contract: Annotated[ContractDocument, "How it is run, resolved."]
    units: Annotated[UnitNamesDocument, "Its units."]
    sandbox: Annotated[SandboxDocument, "What its unit keeps from its runs."]
    sources: Annotated[list[str], "The files that the task comes from."]
    warnings: Annotated[list[str], "What is doubtful, in sentences."]


class AnomalyDocument(TypedDict):
    """Something odd about a task."""

    code: Annotated[str, "A stable word for it."]
    sentence: Annotated[str, "The same in a sentence."]


class TaskHealthDocument(TypedDict):
    """How one task is doing."""

    last_run: Annotated[LatestDocument | None, "Its last finished run; dry runs do not count."]
    consecutive_failures: Annotated[Count, "How many runs in a row have failed."]
    failing_since: FailingSince
    category: Annotated[
        str, Rule(enum=["healthy", "degraded", "failed", "stale", "never_run"]), "How it is doing."
    ]
    running: Annotated[bool, "Whether it is running."]
    anomalies: Annotated[list[AnomalyDocument], "What is odd about it."]
    failed_unit: Annotated[FailedUnitDocument | None, "Its service, if that failed and has no run."]
    notes: Annotated[list[str], "Further remarks that are not faults, in sentences."]
    schedule: NotRequired[Annotated[str, "Its triggers as written, with semicolons between them."]]
    schedule_interval_seconds: NotRequired[
        Annotated[Count, "The present interval between two fires, in seconds."]
    ]
    seconds_since_last_run: NotRequired[Annotated[Amount, "The age of its last run."]]
    previous_fire: NotRequired[Annotated[Instant | None, "The last fire of its calendars."]]
    next_fire: NotRequired[
        Annotated[Instant | None, "The first fire of its timer that no order holds back."]
    ]


class HealthDocument(TypedDict):
    """How the tasks are doing."""

    healthy: Annotated[list[str], "The tasks that are healthy."]
    degraded: Annotated[list[str], "The tasks that are degraded."]
    failed: Annotated[list[str], "The tasks that are failed."]
    stale: Annotated[list[str], "The tasks that are stale."]
    never_run: Annotated[list[str], "The tasks that have never run."]
    summary: Annotated[str, "How many tasks are in which state, in one line."]
    details: Annotated[dict[str, TaskHealthDocument], "Each task by its name."]
    ok: Annotated[bool, "Whether no task is failed, stale or degraded."]
    warnings: Annotated[list[str], "What could not be examined, in sentences."]

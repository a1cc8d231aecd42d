"""The shape of a task's contract: how it is run, resolved."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from docket.model.jsonkinds import Amount, Count, JsonObject, Rule


class GroupDocument(TypedDict):
    """The group of a task."""

    name: Annotated[str, "Its name."]
    max_concurrent: Annotated[Count | None, "How many of its runs go on at the same time."]


class HookSpecDocument(TypedDict):
    """One hook."""

    kind: Annotated[str, Rule(enum=["on_success", "on_failure", "on_complete"]), "When it runs."]
    command: Annotated[str, "Its command, or `agent:HOST` for a hook that calls an agent."]


class NotifySpecDocument(TypedDict):
    """Who is notified of what; without addresses."""

    channels: Annotated[list[str], "The kinds of the channels."]
    on: Annotated[list[str], "success, failure, complete."]
    remind_after_seconds: Annotated[Amount, "When a failure that goes on is reported again."]
    recovery: Annotated[bool, "Whether the end of an incident is reported."]
    triggers: Annotated[list[str], "The triggers whose runs are reported; empty for all."]
    timeout_seconds: Annotated[Amount, "How long a message may take."]


class RequirementDocument(TypedDict):
    """One thing that has to hold for a run to begin."""

    kind: Annotated[
        str,
        Rule(enum=["mounted", "exists", "online", "ac_power", "host", "free"]),
        "What has to hold.",
    ]
    words: Annotated[list[str], "The path, or the hosts."]
    number: Annotated[int | None, "The bytes of `free`; 1 for mains power and 0 for battery."]


class UserDocument(TypedDict):
    """The user of a task in the system scope."""

    name: Annotated[str, "The name or number of the user."]
    group: Annotated[str | None, "The group; null means the user's own."]
    capabilities: Annotated[list[str], "The capabilities that it has."]
    new_privileges: Annotated[bool, "Whether set-id programs may give it more."]
    hooks_as: Annotated[str, Rule(enum=["user", "root"]), "The user that its hooks run as."]


class ProgramDocument(TypedDict):
    """What is run: a command, or a class in Python."""

    command: NotRequired[Annotated[list[str], "The words of the command."]]
    dry_run_command: NotRequired[Annotated[list[str], "Those of its dry run; may be empty."]]
    output_format: NotRequired[Annotated[str, "text, json, jsonl or auto."]]
    parse_errors: NotRequired[Annotated[str, "What output that does not parse means."]]
    python_file: NotRequired[Annotated[str, "The file of the class."]]
    python_class: NotRequired[Annotated[str, "The class."]]


class FollowerDocument(TypedDict):
    """A task that starts when this one has ended."""

    task: Annotated[str, "The task."]
    on: Annotated[str, "After which ends: success, failure or end."]


class ContractDocument(ProgramDocument):
    """How a task is run; times are in seconds, null means no limit."""

    timezone: Annotated[str | None, "The zone of its schedule; null means the machine's."]
    jitter_seconds: Annotated[Amount, "The longest random delay of a fire."]
    accuracy_seconds: Annotated[Amount, "How exactly a fire is kept."]
    catch_up: Annotated[
        bool | float, "Whether a missed fire is made up for, or up to which age of it."
    ]
    overlap: Annotated[str, "What a run does if another one is under way."]
    depends_on: Annotated[list[str], "Tasks that run first."]
    followers: Annotated[list[FollowerDocument], "Tasks that its end starts."]
    once_per: Annotated[str | None, "The period in which one success is enough."]
    require: Annotated[list[RequirementDocument], "What has to hold for a run to begin."]
    group: Annotated[GroupDocument | None, "Its concurrency group."]
    timeout_seconds: Annotated[Amount | None, "The limit of the whole run."]
    attempt_timeout_seconds: Annotated[Amount | None, "The limit of one attempt."]
    idle_timeout_seconds: Annotated[Amount | None, "The longest time without output."]
    grace_seconds: Annotated[Amount, "The time between SIGTERM and SIGKILL."]
    retry: Annotated[Count, "How many retries follow a failure."]
    retry_on: Annotated[list[int], "The exit codes that are retried; empty for all."]
    backoff_base: Annotated[Amount, "The base of the growing wait before a retry."]
    backoff_max_seconds: Annotated[Amount, "The longest such wait."]
    success_exit_codes: Annotated[list[int], "The exit codes of a success."]
    exit_codes: Annotated[dict[str, str], "What single exit codes mean."]
    cwd: Annotated[str | None, "Its directory."]
    user: Annotated[UserDocument | None, "The user that it runs as; null means the user of Docket."]
    env: Annotated[list[str], "The names of its variables."]
    env_files: Annotated[list[str], "The files that its variables come from."]
    credentials: Annotated[list[str], "The names of its credentials."]
    secrets: Annotated[list[str], "The variables, credentials and inputs that are masked."]
    sandbox: Annotated[str, "Its own sandbox: a profile, and the keys by which it differs."]
    limits: Annotated[JsonObject, "Its resource limits, those that are set."]
    hooks: Annotated[list[HookSpecDocument], "Its hooks."]
    notify: Annotated[NotifySpecDocument | None, "Who is notified."]
    unattended: Annotated[str | None, "Whether a timer may start it if it is destructive."]
    log_max_bytes: Annotated[Count, "The largest size of a log."]

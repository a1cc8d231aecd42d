"""A task as the config describes it, typed: what the loader returns and the compiler takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.model.ends.exitmeaning import ExitMeaning
from docket.model.problem import Mark, Problem
from docket.model.record import Record, field
from docket.model.states import OutputFormat, Overlap
from docket.model.task.sandbox import Policy, Sandbox, Starter
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.time.period import Period

ENCRYPTED_ENDING = ".cred"  # of a file that systemd-creds has encrypted


class CommandSpec(Record):
    """A `type: command` task's own part. `argv` is the command with its args, not yet resolved."""

    argv: tuple[str, ...]
    dry_run_argv: tuple[str, ...] = ()
    output_format: OutputFormat = OutputFormat.TEXT
    parse_errors: str = "fail"


class PythonSpec(Record):
    """A Python task's own part; `config` is what `run(config)` is given.

    The class is in the file `path`, or, if `module` is set, in the module of that name.
    """

    path: str
    class_name: str
    config: Mapping[str, Any]
    module: str = ""


class Limits(Record):
    """Resource limits; every value is text as systemd takes it, or None if not set."""

    memory: str | None = None
    memory_high: str | None = None
    swap: str | None = None
    cpu_percent: float | None = None
    cpu_weight: int | None = None
    io_weight: int | None = None
    tasks: int | None = None
    nice: int | None = None
    open_files: int | None = None

    @property
    def any(self) -> bool:
        """Whether one limit is set."""
        return any(getattr(self, name) is not None for name in Limits.field_names())


class UserSpec(Record):
    """Who runs a task of the system scope.

    `user` is a name or a number, `group` "" for the user's own. `hooks_as_root` leaves the hooks
    to root. `capabilities` are names of capabilities(7).
    """

    user: str
    group: str = ""
    capabilities: tuple[str, ...] = ()
    new_privileges: bool = False
    hooks_as_root: bool = False


class Requirement(Record):
    """One thing that has to hold for a run to begin.

    `kind` is mounted, exists, online, ac_power, host or free. `words` are a path, or the hosts of
    which this is to be one; `number` is how many bytes are free, or 1 for mains and 0 for battery.
    """

    kind: str
    words: tuple[str, ...] = ()
    number: int = 0


class Follower(Record):
    """A task that starts when another ends; `on` is success, failure or end."""

    task: str
    on: str


class Retention(Record):
    """How much of a task's history is kept: the newest `runs`, and those of the last `days`.

    A run is removed that is beyond either; with `whichever_is_more` only one that is beyond both.
    Its log is removed with it, and before that once it is older than `log_days`.
    """

    runs: int | None = 1000
    days: float | None = 365.0
    log_days: float | None = 90.0
    whichever_is_more: bool = True


class Credential(Record):
    """What systemd hands a run as a file: `source` is its absolute path, or a system credential."""

    name: str
    source: str
    encrypted: bool = False  # by systemd-creds

    @property
    def directive(self) -> str:
        """The directive that has systemd read it."""
        return "LoadCredentialEncrypted" if self.encrypted else "LoadCredential"


def secret_path(secret_dir: str, name: str, *, encrypted: bool) -> str:
    """Return the file of a secret that `docket secret set` keeps."""
    return f"{secret_dir}/{name}{ENCRYPTED_ENDING if encrypted else ''}"


class AgentSpec(Record):
    """Where an agent hook posts to: an address, or the variable that holds it; and its message."""

    url: str = ""
    url_env: str = ""
    message: str = ""


class HookSpec(Record):
    """What runs after a run: a shell command, or a POST to an agent.

    `kind` is on_success, on_failure or on_complete.
    """

    kind: str
    command: str = ""
    agent: AgentSpec | None = None


class ChannelSpec(Record):
    """One way to notify somebody; `options` has every option of its kind, secrets too.

    `kind` is the name of a module of `notify.channels`.
    """

    kind: str
    options: Mapping[str, Any]
    monitors: bool = False  # gets every run, whatever `on` says


class NotifySpec(Record):
    """Who is notified of which of a task's runs, and when a failure is reported again."""

    channels: tuple[ChannelSpec, ...]
    on: tuple[str, ...] = ("failure",)  # success, failure, complete
    message: str = ""  # "" means the usual text
    remind_after_seconds: float = 86400.0
    recovery: bool = True
    triggers: tuple[str, ...] = ()  # () means all of them
    attach_output_bytes: int = 0
    timeout_seconds: float = 30.0


class Task(Record):
    """One task, resolved: defaults applied, ~ and ${VAR} expanded, every value of its type.

    Times are in seconds; None means no limit. `raw` is the mapping as written (after defaults),
    for `describe`; it may hold values that must be redacted before they are shown.
    """

    name: str
    description: str
    raw: Mapping[str, Any]
    mark: Mark | None = None  # where the task begins in the config; None if it has no entry
    command: CommandSpec | None = None
    python: PythonSpec | None = None
    built_in: bool = False  # it comes with Docket
    enabled: bool = True
    schedules: tuple[ScheduleSpec, ...] = ()
    followers: tuple[Follower, ...] = ()
    leads: bool = False  # its end, or that of a task it depends on, starts others
    timezone: str | None = None
    jitter_seconds: float = 0.0
    accuracy_seconds: float = 1.0
    catch_up: bool | float = True
    overlap: Overlap = Overlap.SKIP
    once_per: Period | None = None
    depends_on: tuple[str, ...] = ()
    require: tuple[Requirement, ...] = ()
    group: str = ""
    group_slots: int = 0  # how many runs of the group may go on at a time
    timeout_seconds: float | None = 86400.0
    attempt_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    grace_seconds: float = 10.0
    retry: int = 0
    retry_on: tuple[int, ...] = ()
    backoff_base: float = 2.0
    backoff_max_seconds: float = 60.0
    success_exit_codes: tuple[int, ...] = (0,)
    exit_codes: Mapping[int, ExitMeaning] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    env_credentials: Mapping[str, str] = field(default_factory=dict)  # variable -> credential
    credentials: tuple[Credential, ...] = ()
    cwd: str | None = None
    user: UserSpec | None = None  # None: the user of Docket itself
    required_env: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # variables, credentials and inputs to mask in all output
    hooks: tuple[HookSpec, ...] = ()
    notify: NotifySpec | None = None  # None if nobody is notified
    limits: Limits = Limits()
    sandbox: Sandbox = Sandbox()
    unit: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    unattended: str = "deny"
    destructive: bool = False
    deletes: bool = False  # whether its class or program deletes, whatever `destructive` says
    network: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    agent_notes: str = ""
    log_max_bytes: int = 10 * 1024 * 1024
    retention: Retention = Retention()
    sources: tuple[str, ...] = ()  # the files that this task came from: config, drop-in

    @property
    def params(self) -> tuple[str, ...]:
        """The inputs that a run can be given; those of a built-in task are in the config only."""
        return () if self.built_in else tuple(sorted(self.inputs))

    @property
    def schedule_texts(self) -> tuple[str, ...]:
        """The triggers as one writes them: a cron expression, else `kind: text`."""
        return tuple(spec.shown for spec in self.schedules)

    @property
    def timed(self) -> tuple[ScheduleSpec, ...]:
        """The triggers that are a timer's."""
        return tuple(spec for spec in self.schedules if spec.kind.timed)

    @property
    def after(self) -> tuple[ScheduleSpec, ...]:
        """The triggers that are ends of other tasks."""
        return tuple(spec for spec in self.schedules if spec.kind is ScheduleKind.AFTER)

    @property
    def paths(self) -> tuple[ScheduleSpec, ...]:
        """The triggers that are paths."""
        return tuple(spec for spec in self.schedules if spec.kind is ScheduleKind.PATH)

    @property
    def closed_to_agents(self) -> str:
        """Why an agent may not run it unless a person allows it, as "it ..."; "" if it may."""
        if self.dormant:
            return "has no entry in the configuration"
        return "is destructive" if self.destroys else ""

    @property
    def destroys(self) -> bool:
        """Whether it may delete, overwrite or spend, whatever `destructive` says."""
        return self.destructive or self.deletes

    def denied_to(self, policy: Policy) -> dict[str, str]:
        """Return who may not start the task -> why, as "it ..."; a policy speaks first.

        `unattended: allow` is asked only of what the config, or a class, calls destructive.
        """
        found = {
            str(starter): f"is destructive, and the policy denies such tasks to {starter} runs"
            for starter in Starter
            if self.destroys and policy.floor(starter).destructive == "deny"
        }
        if self.destructive and self.unattended != "allow":
            why = "is destructive, and needs `unattended: allow` to run without a person"
            found.setdefault(str(Starter.UNATTENDED), why)
        return found

    @property
    def dormant(self) -> bool:
        """Whether it only runs by hand: a built-in task without an entry in the config."""
        return self.built_in and self.mark is None


class Config(Record):
    """A whole configuration: the good tasks, the broken ones' problems, and the settings.

    `fatal` problems leave no task usable (the file does not parse, a top-level key is wrong);
    every other problem names its task, and only that task is left out of `tasks`. `unusable` are
    the tasks that were left out, as far as they could be read: to look for further mistakes in
    them, never to be run.
    """

    path: str
    state_db: str
    task_dir: str
    log_dir: str
    instance: str
    tasks: Mapping[str, Task]
    policy: Policy = Policy()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    marks: Mapping[tuple[str | int, ...], Mark] = field(default_factory=dict)
    unusable: Mapping[str, Task] = field(default_factory=dict)
    retention: Retention = Retention()  # for tasks that are no longer in the config

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """The problems that leave no task usable."""
        return tuple(p for p in self.problems if p.fatal)

"""The plan: the resolved contract of one task, which `docket exec` obeys."""

from __future__ import annotations

from docket.model.jsontext import dumps, loads
from docket.model.states import RunStatus
from docket.model.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAN_VERSION = 1


class Source:
    """The identity of one file that a plan was made from; `mtime_ns` is -1 if it was missing."""

    __slots__ = ("device", "inode", "mtime_ns", "path", "size")

    def __init__(self, path: str, device: int, inode: int, size: int, mtime_ns: int) -> None:
        self.path = path
        self.device = device
        self.inode = inode
        self.size = size
        self.mtime_ns = mtime_ns

    def identity(self) -> tuple[int, int, int, int]:
        """Return what changes when the file does."""
        return (self.device, self.inode, self.size, self.mtime_ns)

    def to_json(self) -> list[Any]:
        """Return the form in the plan file."""
        return [self.path, self.device, self.inode, self.size, self.mtime_ns]


class Hook:
    """What runs after a run: a shell command, or (with `url` or `url_env`) a POST to an agent.

    `kind` is on_success, on_failure or on_complete.
    """

    __slots__ = ("command", "kind", "message", "url", "url_env")

    def __init__(
        self, kind: str, command: str, url: str = "", url_env: str = "", message: str = ""
    ) -> None:
        self.kind = kind
        self.command = command
        self.url = url
        self.url_env = url_env
        self.message = message

    @property
    def is_agent(self) -> bool:
        """Whether the hook is a POST."""
        return bool(self.url or self.url_env)

    def to_json(self) -> list[str]:
        """Return the form in the plan file."""
        shell = [self.kind, self.command]
        return [*shell, self.url, self.url_env, self.message] if self.is_agent else shell


class Channel:
    """One way to notify somebody: its kind, and every option of that kind.

    `monitors`: it notices runs that do not come, so it gets every run, whatever `on` says.
    """

    __slots__ = ("kind", "monitors", "options")

    def __init__(self, kind: str, options: dict[str, Any], monitors: bool = False) -> None:
        self.kind = kind
        self.options = options
        self.monitors = monitors


class Notify(Struct):
    """Who is notified of the runs; `on` has success, failure, complete; `triggers` [] is all."""

    channels: list[Channel]
    on: list[str]
    message: str  # "" means the usual text
    remind_after_seconds: float
    recovery: bool
    triggers: list[str]
    attach_output_bytes: int
    timeout_seconds: float  # for each channel, with all its tries

    def to_json(self) -> dict[str, Any]:
        """Return the form in the plan file."""
        return {
            **super().to_json(),
            "channels": [[one.kind, one.options, one.monitors] for one in self.channels],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Notify:
        """Return what `to_json` made; TypeError and KeyError if a part is missing."""
        return cls(**{**document, "channels": [Channel(*one) for one in document["channels"]]})


class RunAs(Struct):
    """The user of a task's processes, if that is not the runner's own user.

    `group` is "" for the user's own; `capabilities` are the numbers of those that they keep.
    """

    user: str  # a name or a number
    group: str
    capabilities: list[int]
    new_privileges: bool  # set-id programs may give them more
    hooks_as_root: bool


class PythonTarget:
    """Where the class of a Python task is found, and what its `run(config)` is given.

    The class is in the file `path`, or, if `module` is set, in the module of that name.
    """

    __slots__ = ("class_name", "config", "module", "path")

    def __init__(
        self, path: str, class_name: str, config: dict[str, Any], module: str = ""
    ) -> None:
        self.path = path
        self.class_name = class_name
        self.config = config
        self.module = module

    def to_json(self) -> dict[str, Any]:
        """Return the form in the plan file."""
        return {name: getattr(self, name) for name in PythonTarget.__slots__}


class Plan(Struct):
    """Everything that one run of one task needs to know.

    Times are in seconds (float), sizes in bytes. `timeout_seconds`, `attempt_timeout_seconds` and
    `idle_timeout_seconds` are None if there is no limit. `calendars` are the timer's OnCalendar
    lines as model.time.calendar evaluates them: a timer's fire gets its due instant from them.
    `slack_seconds` is how late a fire may be by the timer's own jitter and accuracy. `catch_up` is
    True, False, or the age in seconds up to which a missed fire still runs.
    """

    task: str
    instance: str
    system: bool
    home: str
    config_path: str
    state_db: str
    log_dir: str
    lock_dir: str
    unit: str
    timer_unit: str
    unit_hashes: dict[str, str]  # unit file name -> hash of its contents as compiled
    sources: list[Source]
    argv: list[str]  # empty for a Python task; argv[0] is absolute if it could be resolved
    dry_run_argv: list[str]  # if empty, a dry run previews without running
    python: PythonTarget | None
    output_format: str
    parse_errors: str  # "fail" or "warn"
    inputs: list[str]  # the names of the parameters that a run may be given
    service: list[Any]  # [name, D-Bus signature, value] each: the unit's own for a transient one
    service_unsaid: list[str]  # directives that cannot be sent over D-Bus, with the reasons
    env: dict[str, str]
    env_credentials: dict[str, str]  # variable -> the credential whose value the task gets in it
    env_files: list[str]
    path_variable: str  # PATH that the task gets if its own environment brings none
    cwd: str  # "" means the home directory of its user
    run_as: RunAs | None
    required_env: list[str]
    secrets: list[str]  # variables, credentials and inputs whose values no output may show
    secret_values: list[str]  # the secrets that are written into the config itself
    success_exit_codes: list[int]
    exit_codes: dict[str, str]  # exit code -> model.exitcodes.ExitMeaning
    timeout_seconds: float | None
    attempt_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    grace_seconds: float
    hook_timeout_seconds: float
    delivery_pause_seconds: float  # before the second try of a message; then twice as long
    retry: int
    retry_on: list[int]  # if empty, every failure is retried
    backoff_base: float
    backoff_max_seconds: float
    overlap: str
    depends_on: list[str]  # the tasks that have to succeed first, in order
    after: list[Any]  # [task, on] each: whose end starts it; on is success, failure or end
    paths: list[Any]  # [path, what it is watched for] each, as model.task.schedule has them
    followers: list[Any]  # [task, on] each: those that its own end starts
    require: list[Any]  # [kind, words, number] each, as model.task.task.Requirement has them
    once_per: str  # model.time.period.Period, or "" for any number of successes
    group: str  # "" means none
    group_slots: int  # how many runs of the group may go on at a time
    hooks: list[Hook]
    notify: Notify | None
    denied_to: dict[str, str]  # who may not start it -> why, as "it ..."
    closed_to_agents: str  # why no agent may run it, as "it ..."; "" if agents may
    sandbox: dict[str, Any]  # model.task.sandbox.Sandbox of the task itself; {} is none
    policy: dict[str, dict[str, str]]  # who starts a run -> what the policy demands of it
    needs_systemd: bool  # limits, credentials or directives of a unit's own
    calendars: list[Any]
    zone: str  # "" means the machine's own
    one_shot: bool  # every trigger is an `at`: a success is never repeated
    catch_up: bool | float
    slack_seconds: float
    spans: bool  # the timer also has spans: a fire may belong to no calendar
    log_max_bytes: int
    plan_hash: str

    def followers_after(self, status: str) -> list[str]:
        """Return the tasks that a run with this status starts; one that never began starts none."""
        if not RunStatus(status).ran:
            return []
        ends = ("end", "success" if status == RunStatus.SUCCEEDED else "failure")
        return list(dict.fromkeys(task for task, on in self.followers if on in ends))

    def exec_arguments(self) -> list[str]:
        """Return the options by which `docket exec` finds the plan's home and config."""
        scope = ["--system"] if self.system else ["--home", self.home]
        return [*scope, "--config", self.config_path]

    @property
    def masks(self) -> bool:
        """Whether the task declares secrets, or has files of variables that may hold some."""
        return bool(self.secrets or self.secret_values or self.env_files)

    def as_trial(self, directory: str) -> Plan:
        """Return the plan of a single attempt that leaves its record, log and files there."""
        return self.replace(
            state_db=f"{directory}/state.db",
            log_dir=f"{directory}/logs",
            lock_dir=directory,
            hooks=[],
            notify=None,
            retry=0,
        )

    def to_text(self) -> str:
        """Return the plan file's text."""
        document: dict[str, Any] = {"plan_version": PLAN_VERSION}
        for name in sorted(Plan.FIELDS):
            value = getattr(self, name)
            if name in ("sources", "hooks"):
                value = [part.to_json() for part in value]
            elif name in ("python", "notify", "run_as") and value is not None:
                value = value.to_json()
            document[name] = value
        return dumps(document) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """Return the plan that `text` holds; ValueError if it holds none of this version."""
        document = loads(text)
        if not isinstance(document, dict) or document.get("plan_version") != PLAN_VERSION:
            raise ValueError("not a plan of this version")
        try:
            document["sources"] = [Source(*part) for part in document["sources"]]
            document["hooks"] = [Hook(*part) for part in document["hooks"]]
            if document["python"] is not None:
                document["python"] = PythonTarget(**document["python"])
            if document["notify"] is not None:
                document["notify"] = Notify.from_json(document["notify"])
            if document["run_as"] is not None:
                document["run_as"] = RunAs(**document["run_as"])
            del document["plan_version"]
            return cls(**document)
        except (KeyError, TypeError) as error:
            raise ValueError(f"the plan lacks a part: {error}") from None

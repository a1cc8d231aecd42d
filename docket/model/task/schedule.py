"""The triggers of a task, and the timer directives that they become."""

from __future__ import annotations

from enum import StrEnum

from docket.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.time.calendar import Calendar


class ScheduleKind(StrEnum):
    """The forms a schedule may take in the YAML file."""

    CRON = "cron"
    CALENDAR = "calendar"
    EVERY = "every"
    AT = "at"
    BOOT = "boot"
    AFTER = "after"
    PATH = "path"

    @property
    def timed(self) -> bool:
        """Whether a timer starts the task."""
        return self not in (ScheduleKind.AFTER, ScheduleKind.PATH)


# What a path is watched for, and the directive of systemd.path(5) that does it.
PATH_DIRECTIVES = {
    "changed": "PathChanged",
    "modified": "PathModified",
    "exists": "PathExists",
    "not_empty": "DirectoryNotEmpty",
    "glob": "PathExistsGlob",
}
PATH_CHANGES = ("changed", "modified")
_WORDS = {
    "changed": "when {} changes",
    "modified": "when {} is written to",
    "exists": "while {} exists",
    "not_empty": "while {} is not empty",
    "glob": "while something fits {}",
}


class ScheduleSpec(Record):
    """One trigger as written.

    `text` is a cron expression or macro, an OnCalendar expression, a span, an instant, the name of
    a task or an absolute path, according to `kind`. `condition` says which end of that task counts
    (success, failure or end), or what the path is watched for (a key of PATH_DIRECTIVES). `key` is
    its path in the file, for messages.
    """

    kind: ScheduleKind
    text: str
    key: tuple[str | int, ...] = ()
    condition: str = ""

    @property
    def listed(self) -> str:
        """The trigger without its kind, as docket-cli shows it; one without a time as `shown`."""
        return self.text if self.kind.timed else self.shown

    @property
    def shown(self) -> str:
        """The trigger as one writes it: a cron expression, else its kind and text."""
        match self.kind:
            case ScheduleKind.CRON:
                return self.text
            case ScheduleKind.AFTER:
                return f"after {self.text} ({self.condition})"
            case ScheduleKind.PATH:
                return _WORDS[self.condition].format(self.text)
            case _:
                return f"{self.kind}: {self.text}"

    @property
    def repeats(self) -> bool:
        """Whether systemd starts the task again at its end, for as long as the path is so."""
        return self.kind is ScheduleKind.PATH and self.condition not in PATH_CHANGES


class Timing(Record):
    """What the triggers of a task become.

    `directives` are the lines of [Timer] in order, as (name, value): OnCalendar, OnBootSec,
    OnStartupSec, OnActiveSec, OnUnitActiveSec. `calendars` are the evaluable forms of the
    OnCalendar lines. `last_instants_us` are the instants of `at` triggers, in microseconds since
    the epoch: a timer that has nothing else and whose instants are past is never started.
    `warnings` are sentences for the user.
    """

    directives: tuple[tuple[str, str], ...]
    calendars: tuple[Calendar, ...]
    one_shot: bool = False
    last_instants_us: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()

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


class ScheduleSpec(Record):
    """One trigger as written.

    `text` is a cron expression or macro, an OnCalendar expression, a span or an instant, according
    to `kind`. `key` is its path in the file, for messages.
    """

    kind: ScheduleKind
    text: str
    key: tuple[str | int, ...] = ()


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

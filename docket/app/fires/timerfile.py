"""A timer as the disk has it: systemd uses this file, whatever the config says now."""

from __future__ import annotations

import os
from collections.abc import Iterator

from docket.errors import ScheduleError
from docket.files import read_plain
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.time.calendar import Calendar
from docket.model.time.span import parse_span
from docket.paths import Paths
from docket.schedule.oncalendar import parse_on_calendar

_CALENDAR = "OnCalendar"
AGAIN = "OnUnitActiveSec"
_TRIGGERS = ("OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec")


class InstalledTimer(Record):
    """The timer of one task.

    `lines` are its triggers as written. `again_seconds` are the spans after which it starts the
    task again. `slack_seconds` is how late it may be by its own jitter and accuracy. `enabled_us`
    is when it was enabled, None if it is not.
    """

    plan: Plan
    calendars: tuple[Calendar, ...]
    again_seconds: tuple[float, ...]
    written_us: int
    enabled_us: int | None
    slack_seconds: float = 0.0
    lines: tuple[str, ...] = ()


def read_timer(paths: Paths, plan: Plan) -> InstalledTimer | None:
    """Return the timer of a plan's task, None if it is not installed."""
    path = os.path.join(paths.unit_dir, plan.timer_unit)
    link = os.path.join(paths.unit_dir, "timers.target.wants", plan.timer_unit)
    try:
        data, status = read_plain(os.path.realpath(path))
    except OSError:
        return None
    text, written = data.decode(errors="surrogateescape"), status.st_mtime_ns // 1000
    try:
        enabled = os.lstat(link).st_mtime_ns // 1000
    except OSError:
        enabled = None
    lines = tuple(line for line in text.splitlines() if line.partition("=")[0] in _TRIGGERS)
    slack = sum(spans_in(text, "RandomizedDelaySec")) + sum(spans_in(text, "AccuracySec"))
    return InstalledTimer(
        plan, calendars_in(text), spans_in(text, AGAIN), written, enabled, slack, lines
    )


def calendars_in(text: str) -> tuple[Calendar, ...]:
    """Return the calendars that systemd takes from the lines of a timer."""
    found: list[Calendar] = []
    for value in _values(text, _CALENDAR):
        if not value:
            found.clear()  # so does systemd
            continue
        try:
            found.append(parse_on_calendar(value).calendar)
        except ScheduleError:  # a hand edit: systemd does not fire it either
            continue
    return tuple(found)


def spans_in(text: str, key: str) -> tuple[float, ...]:
    """Return the spans in seconds that systemd takes from the lines of a timer that set `key`."""
    found = []
    for value in _values(text, key):
        try:
            found.append(parse_span(value))
        except ValueError:  # as above
            continue
    return tuple(found)


def _values(text: str, key: str) -> Iterator[str]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name == key:
            yield value.strip()

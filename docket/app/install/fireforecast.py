"""When a timer fires before and after an install: read from the very texts of its unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.fires.forecast import Fire, next_fires
from docket.app.install.changes import Action, Change
from docket.app.install.plan import InstallPlan
from docket.errors import ScheduleError
from docket.model.record import Record
from docket.model.task.schedule import PATH_DIRECTIVES, ScheduleKind, ScheduleSpec
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone

if TYPE_CHECKING:
    from docket.app.install.shapes import FireChangeDocument, TimerTextDocument

SHOWN = 3
_OF_TIMERS = ("OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec")
_TRIGGERS = (*_OF_TIMERS, *PATH_DIRECTIVES.values())


class TimerText(Record):
    """The triggers that a timer's text holds, and its next fires if they have a calendar."""

    lines: tuple[str, ...]
    fires: tuple[Fire, ...]

    def document(self) -> TimerTextDocument:
        """Return the triggers as a JSON object."""
        return {"lines": list(self.lines), "fires": [fire.document() for fire in self.fires]}


class FireChange(Record):
    """What an install does to the fires of one timer; None if there is no timer."""

    task: str
    unit: str
    before: TimerText | None
    after: TimerText | None

    def document(self) -> FireChangeDocument:
        """Return the change as a JSON object."""
        return {
            "task": self.task,
            "unit": self.unit,
            "before": self.before.document() if self.before is not None else None,
            "after": self.after.document() if self.after is not None else None,
        }


def fire_changes(plan: InstallPlan, now_us: int) -> tuple[FireChange, ...]:
    """Return the fires before and after of every timer or path unit whose triggers change."""
    zone = machine_zone()
    found = (_fire_change(change, now_us, zone) for change in plan.changes if change.is_starter)
    return tuple(change for change in found if change is not None)


def _fire_change(change: Change, now_us: int, zone: str) -> FireChange | None:
    after = change.after if change.action.writes else change.before
    if change.action is Action.REMOVE:
        after = None
    before_lines, after_lines = tuple(_triggers(change.before)), tuple(_triggers(after))
    if before_lines == after_lines:
        return None
    return FireChange(
        change.task,
        change.name,
        _timer_text(before_lines, now_us, zone),
        _timer_text(after_lines, now_us, zone),
    )


def _timer_text(lines: tuple[str, ...], now_us: int, zone: str) -> TimerText | None:
    if not lines:
        return None
    values = [line.partition("=")[2] for line in lines if line.startswith("OnCalendar=")]
    specs = [ScheduleSpec(ScheduleKind.CALENDAR, value) for value in values]
    try:
        timing = compile_timing(specs, zone=None, machine_zone=zone, system=False)
    except ScheduleError:  # a hand edit that only systemd understands
        return TimerText(lines, ())
    fires = next_fires(timing, zone=None, machine_zone=zone, after_us=now_us, n=SHOWN)
    return TimerText(lines, fires)


def _triggers(text: str | None) -> Iterator[str]:
    for line in (text or "").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() in _TRIGGERS:
            yield f"{name.strip()}={value.strip()}"

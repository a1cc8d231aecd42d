"""When a task should run: the fires around an instant, and the one that should have had a run."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.fires.calendarfires import fires_after, next_fire, previous_fire
from docket.app.fires.orders import held_back
from docket.app.fires.switches import Switches
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.session.session import Session
from docket.errors import ScheduleError
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.records import OverrideRecord
from docket.model.task.schedule import Timing
from docket.model.task.task import Task
from docket.model.time.calendar import Calendar
from docket.model.time.span import parse_span
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone
from docket.systemd.boots import machine_started_us

GRACE_US = 60_000_000  # the longest time from a fire to the row of its run on a busy machine
_SECOND_US = 1_000_000
_NOT_INSTALLED = "Its timer is not installed."
_NOT_ENABLED = "Its timer is not enabled."
_SWITCHED_OFF = "Its timer is off: it was disabled."


class DueTimes(Record):
    """The fires of one task; instants are microseconds since the epoch.

    `again_us` are the spans after which a run is followed by another one. `slack_us` is how late a
    fire may be by the timer's own jitter and accuracy. Fires up to `since_us` are not due: the
    timer is younger. `off`: somebody disabled the timer, so no fire is due.
    """

    calendars: tuple[Calendar, ...]
    again_us: tuple[int, ...] = ()
    slack_us: int = 0
    since_us: int = 0
    notes: tuple[str, ...] = ()
    off: bool = False

    def previous_us(self, at_us: int) -> int | None:
        """Return the last fire of a calendar at or before an instant."""
        return previous_fire(self.calendars, at_us)

    def next_us(self, at_us: int) -> int | None:
        """Return the first fire of a calendar after an instant."""
        return next_fire(self.calendars, at_us)

    def interval_seconds(self, at_us: int) -> float | None:
        """Return the gap between the fires around an instant; None if one of them is missing."""
        gaps = list(self.again_us)
        before, after = self.previous_us(at_us), self.next_us(at_us)
        if before is not None and after is not None:
            gaps.append(after - before)
        return min(gaps) / _SECOND_US if gaps else None

    def due_us(self, now_us: int, reached_us: int | None) -> int | None:
        """Return the fire that should have had a run by now and had none.

        `reached_us` is the latest instant that the newest run accounts for. A timer that came up
        with the machine gets its time to catch up.
        """
        started_us = machine_started_us()
        late_us = self.slack_us + GRACE_US
        if started_us <= now_us < started_us + late_us:
            return None
        reached_us = max(self.since_us, reached_us or 0)
        last = self.previous_us(now_us - late_us)
        due = [] if last is None else [last]
        if reached_us:  # such a timer counts again with each start of the machine
            begin_us = max(reached_us, started_us) if started_us <= now_us else reached_us
            due += [begin_us + span for span in self.again_us if begin_us + span + late_us < now_us]
        return max((at for at in due if at > reached_us), default=None)


def due_times_of(session: Session, task: Task | None, plan: Plan | None) -> DueTimes | None:
    """Return when a task should run: by its installed timer, else by the config; None if never.

    `task` is None if the config cannot be used: then only its plan is known.
    """
    timer = None if plan is None else read_timer(session.paths, plan)
    if task is not None and not (task.timed and task.enabled):
        return None
    if timer is not None and timer.enabled_us is not None:
        return _installed(timer, timer.enabled_us)
    if timer is not None and Switches(session.paths).off([timer.plan.timer_unit]):
        return DueTimes((), notes=(_SWITCHED_OFF,), off=True)
    note = _NOT_INSTALLED if timer is None else _NOT_ENABLED
    if task is None:
        return None if timer is None else _of_timer(timer, note)
    return _configured(session, task, note)


def next_due_us(
    due_times: DueTimes | None, orders: Sequence[OverrideRecord], now_us: int
) -> int | None:
    """Return the first fire that no order holds back, by the calendars of the installed timer."""
    if due_times is None or due_times.notes:  # it is not installed, or not enabled
        return None
    calendars = due_times.calendars
    passing = held_back(orders).passing(
        lambda at_us: fires_after(calendars, max(now_us, at_us - 1))
    )
    return next(passing, None)


def _installed(timer: InstalledTimer, enabled_us: int) -> DueTimes:
    return DueTimes(
        timer.calendars,
        tuple(int(span * _SECOND_US) for span in timer.again_seconds),
        slack_us=int(timer.plan.slack_seconds * _SECOND_US),
        since_us=max(timer.written_us, enabled_us),
    )


def _of_timer(timer: InstalledTimer, note: str) -> DueTimes:
    slack_us = int(timer.plan.slack_seconds * _SECOND_US)
    return DueTimes(timer.calendars, slack_us=slack_us, notes=(note,))


def _configured(session: Session, task: Task, note: str) -> DueTimes | None:
    try:
        timing = compile_timing(
            task.timed,
            zone=task.timezone,
            machine_zone=machine_zone(),
            system=session.paths.system,
        )
    except ScheduleError:
        return None  # `docket check` says so
    slack = task.jitter_seconds + task.accuracy_seconds
    return DueTimes(timing.calendars, _spans(timing), int(slack * _SECOND_US), notes=(note,))


def _spans(timing: Timing) -> tuple[int, ...]:
    return tuple(
        int(parse_span(value) * _SECOND_US)
        for name, value in timing.directives
        if name == "OnUnitActiveSec"
    )

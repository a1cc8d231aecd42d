"""The next fires of tasks as systemd will make them: by the installed timer, not by the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from docket.app.catalog.planfiles import read_plan
from docket.app.fires.duetimes import DueTimes, next_fire, previous_fire
from docket.app.fires.forecast import Fire, Forecast, forecast_task
from docket.app.fires.orders import held_back
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.record.opening import open_record
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.errors import BusError, DocketError, StoreError
from docket.model.names import timer_unit
from docket.model.plan import Plan
from docket.model.records import OverrideRecord
from docket.model.task.task import Config, Task
from docket.model.time.calendar import Calendar
from docket.model.time.span import parse_span
from docket.paths import Paths
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone
from docket.store.overrides import PAUSE

_SECOND_US = 1_000_000


def forecast_tasks(
    session: Session, config: Config, tasks: Sequence[Task], n: int
) -> list[Forecast]:
    """Return up to `n` next fires of each task.

    Fires of an installed timer are systemd's: its present jitter is in them, a timer that is off
    has none, and those that a pause or a skip holds back are left out, with a note. A task without
    an installed timer gets the fires that its config describes, and a note says so.
    """
    instance = config.instance or session.paths.instance_key
    names = [timer_unit(task.name, instance) for task in tasks]
    states = _states(session, names)
    orders = _orders(session)
    return [
        _forecast(session, task, states.get(name), orders.get(task.name, []), n)
        for task, name in zip(tasks, names, strict=True)
    ]


def _forecast(
    session: Session,
    task: Task,
    state: UnitState | None,
    orders: Sequence[OverrideRecord],
    n: int,
) -> Forecast:
    now_us = session.now_us()
    described = forecast_task(task, system=session.paths.system, now_us=now_us, n=n)
    plan = read_plan(session.paths, task.name)
    timer = None if plan is None else read_timer(session.paths, plan)
    if timer is None:
        if not (task.schedules and task.enabled):
            return described
        note = "its timer is not installed: this is what the config says (`docket install --now`)"
        return described.replace(notes=(*described.notes, note))
    notes = list(described.notes)
    if _differs(session, task, timer):
        note = "the config differs from the installed timer, which counts until `docket install`"
        notes.insert(0, note)
    active = state is not None and state.active_state == "active"
    if not active and (state is not None or timer.enabled_us is None):
        off = f"its timer is off (`docket enable {task.name}`)"
        return described.replace(source="timer", lines=timer.lines, fires=(), notes=(off, *notes))
    passing = held_back(orders).passing(lambda at_us: fires_since(timer, state, now_us, at_us))
    zone = described.zone
    return described.replace(
        source="timer",
        lines=timer.lines,
        fires=tuple(Fire(at_us, zone) for at_us in islice(passing, n)),
        notes=(*map(_ordered, orders), *notes),
    )


def next_fire_us(
    paths: Paths,
    plan: Plan | None,
    state: UnitState,
    orders: Sequence[OverrideRecord],
    now_us: int,
) -> int | None:
    """Return the first fire of an active timer that no order holds back; None if it has none."""
    if not orders or state.next_elapse_us is None:
        return state.next_elapse_us
    timer = None if plan is None else read_timer(paths, plan)
    passing = held_back(orders).passing(lambda at_us: fires_since(timer, state, now_us, at_us))
    return next(passing, None)


def next_due_us(
    due_times: DueTimes | None, orders: Sequence[OverrideRecord], now_us: int
) -> int | None:
    """Return the same by the calendars of the installed timer, if the manager does not answer."""
    if due_times is None or due_times.notes:  # it is not installed, or not enabled
        return None
    calendars = due_times.calendars
    passing = held_back(orders).passing(
        lambda at_us: fires_after(calendars, max(now_us, at_us - 1))
    )
    return next(passing, None)


def fires_since(
    timer: InstalledTimer | None, state: UnitState | None, now_us: int, at_us: int
) -> Iterator[int]:
    """Yield the instants to come at which the timer elapses, from `at_us` on, in order.

    The first one is what the manager says. Its distance from its calendar instant is the timer's
    jitter, which is the same each time (FixedRandomDelay=).
    """
    first = state.next_elapse_us if state is not None else None
    delay, after = 0, now_us
    if first is not None:
        if first >= at_us:
            yield first
        due = None if timer is None else previous_fire(timer.calendars, first)
        if timer is not None and due is not None and first - due <= _slack_us(timer):
            delay = first - due
        after = first - delay
    if timer is not None:
        calendar = fires_after(timer.calendars, max(after, at_us - delay - 1))
        yield from (due + delay for due in calendar)


def _slack_us(timer: InstalledTimer) -> float:
    return timer.slack_seconds * _SECOND_US


def fires_after(calendars: Sequence[Calendar], after_us: int) -> Iterator[int]:
    """Yield the fires of calendars after an instant, in order."""
    while (due := next_fire(calendars, after_us)) is not None:
        yield due
        after_us = due


def _ordered(order: OverrideRecord) -> str:
    if order.kind != PAUSE:
        count = order.remaining or 1
        word = "fire" if count == 1 else f"{count} fires"
        return f"its next {word} will be skipped (`docket resume {order.task}`)"
    if order.until_us is None:
        return f"it is paused (`docket resume {order.task}`)"
    return "it is paused: fires before the end of the pause are left out"


def _differs(session: Session, task: Task, timer: InstalledTimer) -> bool:
    try:
        timing = compile_timing(
            task.schedules,
            zone=task.timezone,
            machine_zone=machine_zone(),
            system=session.paths.system,
        )
    except DocketError:
        return False  # `docket check` says so
    written = set(timing.calendars)
    spans = {parse_span(text) for name, text in timing.directives if name == "OnUnitActiveSec"}
    slack = task.jitter_seconds + task.accuracy_seconds
    return (
        not task.enabled
        or written != set(timer.calendars)
        or spans != set(timer.again_seconds)
        or slack != timer.slack_seconds
    )


def _states(session: Session, names: Sequence[str]) -> Mapping[str, UnitState]:
    try:
        return session.units().states(names)
    except BusError:
        return {}


def _orders(session: Session) -> Mapping[str, list[OverrideRecord]]:
    try:
        with open_record(session) as reader:
            return reader.overrides(session.now_us())
    except StoreError:
        return {}

"""The next fires of tasks as systemd will make them: by the installed timer, not by the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from docket.app.catalog.planfiles import read_plan
from docket.app.fires.duetimes import next_fire, previous_fire
from docket.app.fires.forecast import Fire, Forecast, forecast_task
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.record.opening import open_record
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.errors import BusError, DocketError, StoreError
from docket.model.names import timer_unit
from docket.model.records import OverrideRecord
from docket.model.task.task import Config, Task
from docket.model.time.span import parse_span
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone
from docket.store.overrides import PAUSE

_FAR_US = 400 * 366 * 86_400 * 1_000_000
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
    fires, held = _allowed(_fires(timer, state, now_us), orders, n)
    zone = described.zone
    return described.replace(
        source="timer",
        lines=timer.lines,
        fires=tuple(Fire(at_us, zone) for at_us in fires),
        notes=(*held, *notes),
    )


def _fires(timer: InstalledTimer, state: UnitState | None, now_us: int) -> Iterator[int]:
    """Yield the instants at which the timer elapses, in order.

    The first one is what the manager says. Its distance from its calendar instant is the timer's
    jitter, which is the same each time (FixedRandomDelay=).
    """
    first = state.next_elapse_us if state is not None else None
    delay = 0
    after = now_us
    if first is not None:
        yield first
        due = previous_fire(timer.calendars, first)
        if due is not None and first - due <= timer.slack_seconds * _SECOND_US:
            delay = first - due
        after = first - delay
    while (due := next_fire(timer.calendars, after)) is not None:
        yield due + delay
        after = due


def _allowed(
    fires: Iterator[int], orders: Sequence[OverrideRecord], n: int
) -> tuple[list[int], list[str]]:
    """Return the first `n` fires that no order holds back, and what the orders are."""
    until, skipped, notes = 0, 0, []
    for order in orders:
        if order.kind == PAUSE:
            until = max(until, _FAR_US if order.until_us is None else order.until_us)
            notes.append(_paused(order))
        else:
            skipped += order.remaining or 1
            word = "fire" if skipped == 1 else f"{skipped} fires"
            notes.append(f"its next {word} will be skipped (`docket resume {order.task}`)")
    if until == _FAR_US:
        return [], notes
    found: list[int] = []
    for at_us in fires:
        if at_us < until:
            continue
        if skipped:
            skipped -= 1
            continue
        found.append(at_us)
        if len(found) == n:
            break
    return found, notes


def _paused(order: OverrideRecord) -> str:
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

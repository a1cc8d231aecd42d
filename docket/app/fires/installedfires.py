"""The next fires of tasks as systemd will make them: by the installed timer, not by the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

from docket.app.catalog.planfiles import read_plan
from docket.app.fires.forecast import Fire, Forecast, forecast_task
from docket.app.fires.nextfire import fires_since
from docket.app.fires.orders import held_back
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.fires.watching import path_unit_name, watch_of
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
from docket.store.orders.overrides import PAUSE

_FOR_EVER = 2**63


def forecast_tasks(
    session: Session,
    config: Config,
    tasks: Sequence[Task],
    n: int,
    *,
    until_us: int = _FOR_EVER,
) -> list[Forecast]:
    """Return up to `n` next fires of each task, none of them after `until_us`.

    Fires of an installed timer are systemd's: its present jitter is in them, a timer that is off
    has none, and those that a pause or a skip holds back are left out, with a note. A task without
    an installed timer gets the fires that its config describes, and a note says so.
    """
    instance = config.instance or session.paths.instance_key
    names = [timer_unit(task.name, instance) for task in tasks]
    paths = [path_unit_name(task, None, name) for task, name in zip(tasks, names, strict=True)]
    states = _states(session, [*names, *filter(None, paths)])
    orders = _orders(session)
    forecasts = [
        _forecast(session, task, states.get(name), orders.get(task.name, []), n, until_us)
        for task, name in zip(tasks, names, strict=True)
    ]
    return [
        forecast.replace(notes=(*forecast.notes, *_unwatched(session, task, path, states)))
        for forecast, task, path in zip(forecasts, tasks, paths, strict=True)
    ]


def _unwatched(
    session: Session, task: Task, unit: str | None, states: Mapping[str, UnitState]
) -> Iterator[str]:
    watch = watch_of(session, task, unit, states or None)
    if watch is not None and watch.trouble:
        yield watch.trouble


def _forecast(
    session: Session,
    task: Task,
    state: UnitState | None,
    orders: Sequence[OverrideRecord],
    n: int,
    until_us: int,
) -> Forecast:
    now_us = session.now_us()
    described = forecast_task(
        task, system=session.paths.system, now_us=now_us, n=n, until_us=until_us
    )
    plan = read_plan(session.paths, task.name)
    timer = None if plan is None else read_timer(session.paths, plan)
    if timer is None:
        if not (task.timed and task.enabled):
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
    in_time = takewhile(lambda at_us: at_us <= until_us, passing)
    zone = described.zone
    return described.replace(
        source="timer",
        lines=timer.lines,
        fires=tuple(Fire(at_us, zone) for at_us in islice(in_time, n)),
        notes=(*map(_ordered, orders), *notes),
    )


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
            task.timed,
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

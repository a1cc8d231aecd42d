"""`docket forecast`: what fires when over the next days, where fires pile up, and a spread."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from docket.app.catalog.lookup import load_config
from docket.app.fires.forecast import Forecast
from docket.app.fires.installedfires import forecast_tasks
from docket.app.fires.spread import Spread, suggested_spread
from docket.app.fires.timerfile import AGAIN, calendars_in, spans_in
from docket.app.session.session import Session
from docket.app.text.documents import iso, iso_or_none
from docket.model.record import Record
from docket.model.task.task import Config
from docket.schedule.daylight import Clash, clock_changes
from docket.schedule.zones import machine_zone

if TYPE_CHECKING:
    from docket.app.fires.shapes import (
        ClockChangeDocument,
        DayLoadDocument,
        PileUpDocument,
        TaskLoadDocument,
        WorkloadDocument,
    )

DAYS, MOST_DAYS = 7, 366
MOST_SHOWN = 20
_DAY_SECONDS = 86_400
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
# As many fires of one task are worked out; of a task that fires more often, the rate is given.
_MOST_FIRES, _LEAST_FIRES, _MOST_FIRES_OF_ALL = 1000, 50, 50_000


class TaskLoad(Record):
    """How often one task fires in the period; `listed` is whether each of its fires is known."""

    task: str
    source: Literal["timer", "config", "expression"]
    runs_per_day: float
    runs: float
    listed: bool
    first_us: int | None
    notes: tuple[str, ...]

    def document(self) -> TaskLoadDocument:
        """Return the load as a JSON object."""
        return {
            "task": self.task,
            "source": self.source,
            "runs_per_day": _rounded(self.runs_per_day),
            "runs": _rounded(self.runs),
            "listed": self.listed,
            "first": iso_or_none(self.first_us),
            "notes": list(self.notes),
        }


class DayLoad(Record):
    """The runs of one day of this machine's clock; `runs` has a share of each task with a rate."""

    date: str
    runs: float

    def document(self) -> DayLoadDocument:
        """Return the day as a JSON object."""
        return {"date": self.date, "runs": _rounded(self.runs)}


class PileUp(Record):
    """A minute of the day in which several tasks start, and how often in the period they do."""

    clock: str
    tasks: tuple[str, ...]
    times: int
    first_us: int

    def document(self) -> PileUpDocument:
        """Return the pile-up as a JSON object."""
        return {
            "clock": self.clock,
            "tasks": list(self.tasks),
            "times": self.times,
            "first": iso(self.first_us),
        }


class ClockChange(Record):
    """A change of a zone's clock in the period, and what it does to tasks that are meant in it."""

    at_us: int
    zone: str
    shift_seconds: int
    effects: tuple[tuple[str, str], ...]

    def document(self) -> ClockChangeDocument:
        """Return the change as a JSON object."""
        return {
            "at": iso(self.at_us),
            "timezone": self.zone,
            "shift_seconds": self.shift_seconds,
            "effects": [{"task": task, "effect": effect} for task, effect in self.effects],
        }


class Workload(Record):
    """What the installed timers do over the next days; instants are microseconds."""

    since_us: int
    until_us: int
    days: int
    timezone: str
    tasks: tuple[TaskLoad, ...]
    by_day: tuple[DayLoad, ...]
    pile_ups: tuple[PileUp, ...]
    pile_ups_in_all: int
    clock_changes: tuple[ClockChange, ...]
    spread: Spread | None
    warnings: tuple[str, ...]

    def document(self) -> WorkloadDocument:
        """Return the workload as `docket forecast --json` prints it."""
        return {
            "since": iso(self.since_us),
            "until": iso(self.until_us),
            "days": self.days,
            "timezone": self.timezone or "local",
            "tasks": [task.document() for task in self.tasks],
            "by_day": [day.document() for day in self.by_day],
            "pile_ups": [pile_up.document() for pile_up in self.pile_ups],
            "pile_ups_in_all": self.pile_ups_in_all,
            "clock_changes": [change.document() for change in self.clock_changes],
            "suggestion": None if self.spread is None else self.spread.document(),
            "warnings": list(self.warnings),
        }


def _rounded(count: float) -> float:
    """Return a number of runs for JSON, with no more digits than it is worth."""
    return int(count) if count == int(count) else round(count, 2)


def workload(session: Session, days: int = DAYS) -> Workload:
    """Return what fires over the next `days` days, as `docket next` knows it.

    The work is bounded: tasks that fire very often have a rate and are in no pile-up. Raises
    ConfigError.
    """
    config = load_config(session)
    scheduled = [task for task in config.tasks.values() if task.schedules]
    now_us = session.now_us()
    until_us = now_us + days * _DAY_SECONDS * _SECOND_US
    most = max(_LEAST_FIRES, min(_MOST_FIRES, _MOST_FIRES_OF_ALL // max(len(scheduled), 1)))
    forecasts = forecast_tasks(session, config, scheduled, most, until_us=until_us)
    loads = [_load(forecast, most, days) for forecast in forecasts]
    known = [forecast for forecast, load in zip(forecasts, loads, strict=True) if load.listed]
    pile_ups = sorted(_pile_ups(known), key=lambda one: (-len(one.tasks), -one.times, one.clock))
    jitters = {task.name: task.jitter_seconds for task in scheduled}
    return Workload(
        since_us=now_us,
        until_us=until_us,
        days=days,
        timezone=machine_zone(),
        tasks=tuple(sorted(loads, key=lambda load: (-load.runs, load.task))),
        by_day=tuple(_by_day(forecasts, loads, now_us, until_us)),
        pile_ups=tuple(pile_ups[:MOST_SHOWN]),
        pile_ups_in_all=len(pile_ups),
        clock_changes=tuple(_clock_changes(forecasts, now_us, until_us)),
        spread=suggested_spread([one.tasks for one in pile_ups], _gaps(known), jitters),
        warnings=tuple(_left_out(config)),
    )


def _left_out(config: Config) -> Iterator[str]:
    for name in sorted({problem.task for problem in config.problems if problem.task}):
        yield f"Task {name!r} cannot be used, so it is not in the forecast (docket check says why)."


def _load(forecast: Forecast, most: int, days: int) -> TaskLoad:
    fires = [fire.at_us for fire in forecast.fires]
    again = _spans(forecast) if fires or forecast.source == "config" else []
    per_day = _DAY_SECONDS / min(again) if again else len(fires) / days
    listed = len(fires) < most
    if not listed:
        span_us = max(fires[-1] - fires[0], 1)
        per_day = (len(fires) - 1) * _DAY_SECONDS * _SECOND_US / span_us
    return TaskLoad(
        task=forecast.task or "",
        source=forecast.source,
        runs_per_day=per_day,
        runs=per_day * days,
        listed=listed and not again,
        first_us=fires[0] if fires else None,
        notes=forecast.notes,
    )


def _spans(forecast: Forecast) -> list[float]:
    """Return the seconds after which a timer starts its task again and again."""
    return [span for span in spans_in("\n".join(forecast.lines), AGAIN) if span > 0]


def _pile_ups(forecasts: Iterable[Forecast]) -> Iterator[PileUp]:
    """Yield the minutes of the day in which the same tasks start together."""
    minutes: dict[int, list[str]] = {}
    for forecast in forecasts:
        for minute in dict.fromkeys(fire.at_us // _MINUTE_US for fire in forecast.fires):
            minutes.setdefault(minute, []).append(forecast.task or "")
    found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for minute, tasks in minutes.items():
        if len(tasks) > 1:
            clock = time.strftime("%H:%M", time.localtime(minute * 60))
            found.setdefault((clock, tuple(sorted(tasks))), []).append(minute)
    for (clock, together), all_minutes in found.items():
        yield PileUp(clock, together, len(all_minutes), min(all_minutes) * _MINUTE_US)


def _gaps(forecasts: Iterable[Forecast]) -> dict[str, float]:
    """Return the shortest time between two fires of each task, in seconds."""
    return {
        forecast.task or "": min(
            (
                (late.at_us - early.at_us) / _SECOND_US
                for early, late in zip(forecast.fires, forecast.fires[1:], strict=False)
            ),
            default=float(_DAY_SECONDS),
        )
        for forecast in forecasts
    }


def _by_day(
    forecasts: Sequence[Forecast], loads: Sequence[TaskLoad], from_us: int, until_us: int
) -> Iterator[DayLoad]:
    counts: dict[str, float] = {}
    for begin_us, end_us in _days(from_us, until_us):
        rates = sum(load.runs_per_day for load in loads if not load.listed)
        share = (end_us - begin_us) / (_DAY_SECONDS * _SECOND_US)
        counts[_date(begin_us)] = rates * share
    for forecast, load in zip(forecasts, loads, strict=True):
        for fire in forecast.fires if load.listed else ():
            counts[_date(fire.at_us)] = counts.get(_date(fire.at_us), 0) + 1
    for date, runs in sorted(counts.items()):
        yield DayLoad(date, runs)


def _days(from_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of the period that lie in one day of the machine's clock each."""
    begin_us = from_us
    while begin_us < until_us:
        day = time.localtime(begin_us // _SECOND_US)
        midnight = time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))
        end_us = min(max(int(midnight) * _SECOND_US, begin_us + _MINUTE_US), until_us)
        yield begin_us, end_us
        begin_us = end_us


def _date(at_us: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at_us // _SECOND_US))


def _clock_changes(
    forecasts: Iterable[Forecast], from_us: int, until_us: int
) -> Iterator[ClockChange]:
    found: dict[tuple[int, str, int], list[tuple[str, str]]] = {}
    for forecast in forecasts:
        if not forecast.fires:
            continue
        for clash in _clashes(forecast, from_us, until_us):
            effects = found.setdefault((clash.at_us, clash.zone, clash.shift_seconds), [])
            if clash.sentence:
                effects.append((forecast.task or "", clash.sentence))
    for (at_us, zone, shift_seconds), effects in sorted(found.items()):
        yield ClockChange(at_us, zone, shift_seconds, tuple(effects))


def _clashes(forecast: Forecast, from_us: int, until_us: int) -> Sequence[Clash]:
    calendars = calendars_in("\n".join(forecast.lines))
    return clock_changes(calendars, machine_zone(), from_us, until_us)

"""When tasks and expressions fire next, and the lines for systemd: `next` and `translate`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from docket.errors import ScheduleError, UnknownTaskError, UsageError
from docket.model.names import is_safe_name
from docket.model.record import Record
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.task.task import Task
from docket.model.text.nearest import nearest
from docket.model.time.calendar import next_after
from docket.model.time.span import format_span
from docket.schedule.translate import compile_cron, compile_timing
from docket.schedule.zones import machine_zone as zone_of_machine
from docket.schedule.zones import offsets_of, zone_info

if TYPE_CHECKING:
    from docket.app.fires.shapes import FireDocument, ForecastDocument, TranslationDocument

MOST_FIRES = 1000
_SECOND_US = 1_000_000
_LONGEST_BATCH_LINE = 65_536
_NOTES = {
    "OnBootSec": "also {after} the machine starts",
    "OnStartupSec": "also {after} the user's service manager starts",
    "OnActiveSec": "first {after} the timer starts",
    "OnUnitActiveSec": "then {after} each start of the task",
}


class Fire(Record):
    """One instant at which a timer elapses, in microseconds since the epoch."""

    at_us: int
    zone: str  # the zone in which the document shows it; "" means the machine's own

    def local(self) -> datetime:
        """Return the instant as the clock of its zone shows it."""
        seconds, micros = divmod(self.at_us, _SECOND_US)
        return datetime.fromtimestamp(seconds, zone_info(self.zone)) + timedelta(
            microseconds=micros
        )

    def document(self) -> FireDocument:
        """Return the fire as a JSON object: ISO-8601 with the zone's offset, and microseconds."""
        return {"at": self.local().isoformat(), "at_us": self.at_us}


class Forecast(Record):
    """The next fires of one task or expression.

    `zone` is the one that the schedule is meant in and shown in ("" if the machine's own has no
    name). `lines` are the timer's directives. `notes` say what no list of instants can, such as
    runs after boot; `warnings` what daylight saving takes away. `source` is what the fires are
    worked out from.
    """

    task: str | None
    expression: str | None
    zone: str
    lines: tuple[str, ...]
    fires: tuple[Fire, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    source: Literal["timer", "config", "expression"] = "config"

    def document(self) -> ForecastDocument:
        """Return the forecast as a JSON object."""
        return {
            "task": self.task,
            "expression": self.expression,
            "timezone": self.zone or "local",
            "lines": list(self.lines),
            "fires": [fire.document() for fire in self.fires],
            "source": self.source,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


class Translation(Record):
    """What one cron expression becomes: every directive, and only the OnCalendar values."""

    directives: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The value of each `OnCalendar=`."""
        return tuple(value for name, value in self.directives if name == "OnCalendar")

    def printed(self) -> tuple[str, ...]:
        """Return the lines for people: bare OnCalendar values, other directives in full."""
        return tuple(
            value if name == "OnCalendar" else f"{name}={value}" for name, value in self.directives
        )

    def document(self) -> TranslationDocument:
        """Return the translation as a JSON object."""
        return {
            "lines": list(self.lines),
            "directives": [list(directive) for directive in self.directives],
            "warnings": list(self.warnings),
        }


def next_fires(
    timing: Timing,
    *,
    zone: str | None,
    machine_zone: str,
    after_us: int,
    n: int,
    until_us: int | None = None,
) -> tuple[Fire, ...]:
    """Return up to `n` (1 to 1000) fires strictly after `after_us`, shown in `zone`.

    None of them is after `until_us`.
    """
    if not 1 <= n <= MOST_FIRES:
        raise UsageError(f"The number of fires lies between 1 and {MOST_FIRES}, not {n}.")
    shown_in = machine_zone if zone is None else zone
    sources = [(c, offsets_of(c.zone or machine_zone)) for c in timing.calendars]
    upcoming = [next_after(calendar, after_us, offset_at) for calendar, offset_at in sources]
    fires: list[Fire] = []
    while len(fires) < n:
        instants = [instant for instant in upcoming if instant is not None]
        if not instants:
            break
        first = min(instants)
        if until_us is not None and first > until_us:
            break
        fires.append(Fire(first, shown_in))
        for index, (calendar, offset_at) in enumerate(sources):
            if upcoming[index] == first:
                upcoming[index] = next_after(calendar, first, offset_at)
    return tuple(fires)


def forecast_task(
    task: Task,
    *,
    system: bool,
    now_us: int,
    n: int,
    machine_zone: str | None = None,
    until_us: int | None = None,
) -> Forecast:
    """Return the fires of a task up to `until_us`; ScheduleError if its schedule is refused."""
    notes = []
    if not task.schedules:
        notes.append("the task has no schedule")
    elif not task.enabled:
        notes.append("the task is not enabled: no timer is installed for it")
    notes += [f"it starts {spec.shown}" for spec in task.schedules if not spec.kind.timed]
    if task.jitter_seconds and task.timed:
        notes.append(f"each run is delayed by up to {format_span(task.jitter_seconds)} (jitter)")
    return _forecast(
        task.timed,
        task=task.name,
        expression=None,
        zone=task.timezone,
        machine_zone=zone_of_machine() if machine_zone is None else machine_zone,
        system=system,
        now_us=now_us,
        n=n,
        notes=notes,
        until_us=until_us,
    )


def forecast_expression(
    expression: str,
    *,
    zone: str | None,
    system: bool,
    now_us: int,
    n: int,
    machine_zone: str | None = None,
) -> Forecast:
    """Return the next fires of a cron expression, or of a calendar expression of systemd's."""
    return _forecast(
        (ScheduleSpec(_kind_of(expression), expression),),
        task=None,
        expression=expression,
        zone=zone,
        machine_zone=zone_of_machine() if machine_zone is None else machine_zone,
        system=system,
        now_us=now_us,
        n=n,
    )


def forecast_target(
    target: str,
    tasks: Mapping[str, Task],
    *,
    zone: str | None,
    system: bool,
    now_us: int,
    n: int,
    machine_zone: str | None = None,
) -> Forecast:
    """Return the next fires of what a person named: a task, or else an expression.

    UnknownTaskError if it could only be a task's name, with the nearest name as hint.
    """
    task = tasks.get(target)
    if task is not None:
        return forecast_task(task, system=system, now_us=now_us, n=n, machine_zone=machine_zone)
    if is_safe_name(target) and _kind_of(target) is ScheduleKind.CRON:
        _refuse_unknown(target, tasks)
    return forecast_expression(
        target, zone=zone, system=system, now_us=now_us, n=n, machine_zone=machine_zone
    )


def translate(
    expression: str, *, zone: str | None, system: bool, machine_zone: str | None = None
) -> Translation:
    """Return what one cron expression becomes; ScheduleError if it is refused."""
    machine = zone_of_machine() if machine_zone is None else machine_zone
    timing = compile_cron(expression, zone=zone, machine_zone=machine, system=system)
    return Translation(timing.directives, timing.warnings)


def translate_batch(
    lines: Iterable[bytes], *, system: bool, machine_zone: str | None = None
) -> Iterator[str]:
    """Yield one line of JSON for each line of JSON, in order.

    `{"id", "expr", "tz"}` is answered with `{"id", "lines"}`, where lines are OnCalendar values,
    or with `{"id", "error", "error_code", "hint"}`. `@reboot` has no calendar: its lines are
    empty, and `directives` holds what it becomes.
    """
    machine = zone_of_machine() if machine_zone is None else machine_zone
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
    for line in lines:
        yield encode(_answer(line.strip(), system=system, machine_zone=machine))


def _forecast(
    specs: tuple[ScheduleSpec, ...],
    *,
    task: str | None,
    expression: str | None,
    zone: str | None,
    machine_zone: str,
    system: bool,
    now_us: int,
    n: int,
    notes: Iterable[str] = (),
    until_us: int | None = None,
) -> Forecast:
    timing = compile_timing(
        specs, zone=zone, machine_zone=machine_zone, system=system, now_us=now_us
    )
    return Forecast(
        task=task,
        expression=expression,
        zone=machine_zone if zone is None else zone,
        lines=tuple(f"{name}={value}" for name, value in timing.directives),
        fires=next_fires(
            timing,
            zone=zone,
            machine_zone=machine_zone,
            after_us=now_us,
            n=n,
            until_us=until_us,
        ),
        notes=(*notes, *_monotonic_notes(timing)),
        warnings=timing.warnings,
        source="config" if expression is None else "expression",
    )


def _monotonic_notes(timing: Timing) -> Iterator[str]:
    for name, value in timing.directives:
        if name in _NOTES:
            after = "as soon as" if value == "0" else f"{value} after"
            yield f"{_NOTES[name].format(after=after)} ({name}={value})"


def _kind_of(expression: str) -> ScheduleKind:
    """Tell systemd's calendar expressions from cron's; any other text counts as cron's."""
    spec = ScheduleSpec(ScheduleKind.CALENDAR, expression)
    try:
        compile_timing((spec,), zone=None, machine_zone="UTC", system=False)
    except ScheduleError:
        return ScheduleKind.CRON
    return ScheduleKind.CALENDAR


def _refuse_unknown(target: str, tasks: Mapping[str, Task]) -> NoReturn:
    near = nearest(target, tasks)
    hint = f"did you mean {near}?" if near else "`docket list` shows the tasks"
    raise UnknownTaskError(f"There is no task {target!r}.", hint=hint, task=target)


def _answer(line: bytes, *, system: bool, machine_zone: str) -> dict[str, Any]:
    try:
        request = _request(line)
    except ValueError as error:
        return _usage(None, f"This line is no JSON object: {error}.")
    identity = request.get("id")
    if isinstance(identity, list | dict):
        return _usage(None, "`id` must be a string or a number.")
    expression, zone = request.get("expr"), request.get("tz")
    if not isinstance(expression, str):
        return _usage(identity, "`expr` must be a string.")
    if zone is not None and not isinstance(zone, str):
        return _usage(identity, "`tz` must be a string, or null for the machine's own zone.")
    try:
        found = translate(expression, zone=zone, system=system, machine_zone=machine_zone)
    except ScheduleError as error:
        return {
            "id": identity,
            "error": error.sentence,
            "error_code": error.code,
            "hint": error.hint,
        }
    return _found(identity, found)


def _found(identity: Any, found: Translation) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": identity, "lines": list(found.lines)}
    if len(found.lines) < len(found.directives):
        answer["directives"] = [list(directive) for directive in found.directives]
    if found.warnings:
        answer["warnings"] = list(found.warnings)
    return answer


def _request(line: bytes) -> dict[str, Any]:
    if len(line) > _LONGEST_BATCH_LINE:
        raise ValueError(f"it is longer than {_LONGEST_BATCH_LINE} bytes")
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(request, dict):
        raise ValueError("it holds something else")  # noqa: TRY004  (one class for bad lines)
    return request


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _usage(identity: Any, sentence: str) -> dict[str, Any]:
    hint = 'write lines such as {"id": 1, "expr": "0 9 * * 1-5", "tz": "Europe/Berlin"}'
    return {"id": identity, "error": sentence, "error_code": "usage", "hint": hint}

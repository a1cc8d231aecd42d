"""Triggers as written, compiled into the lines of a timer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from docket.errors import ScheduleError
from docket.model.record import Record
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.time.calendar import Calendar, next_after
from docket.model.time.span import format_span
from docket.schedule.cron import Cron, is_reboot, parse_cron
from docket.schedule.daylight import daylight_warnings, parted, zone_name
from docket.schedule.emit import on_calendar, writable
from docket.schedule.foreign import rewritten
from docket.schedule.instants import instant_calendar, parse_instant
from docket.schedule.oncalendar import parse_on_calendar
from docket.schedule.repetition import (
    aligned_calendars,
    boot_seconds,
    counts_again,
    every_seconds,
)
from docket.schedule.zones import (
    MACHINE_ZONE,
    all_offsets,
    is_utc,
    misread_zones,
    offsets_of,
    require_zone,
)

_SECOND_US = 1_000_000
_EVERY_MINUTE = frozenset(range(60))


class _Part(Record):
    """The compiled form of one trigger."""

    directives: tuple[tuple[str, str], ...]
    calendars: tuple[Calendar, ...] = ()
    warnings: tuple[str, ...] = ()
    instant_us: int | None = None


class _Place(Record):
    """Where triggers are compiled for: the task's zone, the machine's, and the scope."""

    zone: str | None
    machine_zone: str
    system: bool
    now_us: int | None

    @property
    def evaluated_in(self) -> str:
        return self.machine_zone if self.zone is None else self.zone

    @property
    def suffix(self) -> str:
        return MACHINE_ZONE if self.zone is None else self.zone


def compile_timing(
    specs: Sequence[ScheduleSpec],
    *,
    zone: str | None,
    machine_zone: str,
    system: bool,
    now_us: int | None = None,
) -> Timing:
    """Return the timer's directives for a task's triggers; ScheduleError if one is refused.

    `zone` None means the machine's own zone; its name, `machine_zone`, only says what the clock
    does there. `now_us` is only for warnings: clock changes of the next two years, past instants.
    """
    place = _Place(zone, machine_zone, system, now_us)
    _check_zone(place)
    parts = [_compile(spec, place) for spec in specs]
    calendars = tuple(dict.fromkeys(c for part in parts for c in part.calendars))
    warnings = [warning for part in parts for warning in part.warnings]
    if now_us is not None:
        warnings.extend(daylight_warnings(calendars, machine_zone, now_us))
    instants = tuple(part.instant_us for part in parts if part.instant_us is not None)
    return Timing(
        directives=tuple(dict.fromkeys(d for part in parts for d in part.directives)),
        calendars=calendars,
        one_shot=bool(specs) and all(spec.kind is ScheduleKind.AT for spec in specs),
        last_instants_us=instants,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def compile_cron(expression: str, *, zone: str | None, machine_zone: str, system: bool) -> Timing:
    """Return the timer's directives for one cron expression or macro, without daylight warnings."""
    spec = ScheduleSpec(ScheduleKind.CRON, expression)
    return compile_timing((spec,), zone=zone, machine_zone=machine_zone, system=system)


def _check_zone(place: _Place) -> None:
    if place.zone is not None:
        require_zone(place.zone)
        _require_unmistakable(place.zone, place)


def _require_unmistakable(zone: str, place: _Place) -> None:
    if is_utc(zone) or zone == place.machine_zone:
        return
    offsets = all_offsets(zone)
    if len(offsets) == 1 and offsets == all_offsets(place.machine_zone):
        return
    if zone.lower() in misread_zones(place.machine_zone):
        raise ScheduleError(
            f"systemd would take the zone {zone} for an hour of this machine's own zone, "
            f"{zone_name(place.machine_zone)}.",
            code="schedule.ambiguous_zone",
            hint="write a name with a region, such as Europe/Berlin",
        )


def _compile(spec: ScheduleSpec, place: _Place) -> _Part:
    match spec.kind:
        case ScheduleKind.CRON:
            return _cron(spec.text, place)
        case ScheduleKind.CALENDAR:
            return _calendar(spec.text, place)
        case ScheduleKind.EVERY:
            return _every(spec.text)
        case ScheduleKind.AT:
            return _at(spec.text, place)
        case ScheduleKind.BOOT:
            return _boot(boot_seconds(spec.text), place)
        case ScheduleKind.AFTER | ScheduleKind.PATH:
            return _Part(())  # no timer's
        case _:
            assert_never(spec.kind)


def _cron(text: str, place: _Place) -> _Part:
    if is_reboot(text):
        return _boot(0.0, place)
    try:
        cron = parse_cron(text)
    except ScheduleError as error:
        raise _with_rewrite(error, text, place) from None
    return _cron_part(cron, place)


def _cron_part(cron: Cron, place: _Place) -> _Part:
    calendars = _zone_free(cron, place) or tuple(
        part
        for calendar in cron.calendars(place.suffix)
        for part in parted(calendar, place.machine_zone)
    )
    return _Part(_lines(calendars), calendars, cron.warnings)


def _with_rewrite(error: ScheduleError, text: str, place: _Place) -> ScheduleError:
    """Return the error with what to write instead, if that is known and compiles."""
    found = rewritten(text)
    if found is None:
        return error
    try:
        for spec in found.specs:
            if spec.kind is ScheduleKind.CRON:
                parse_cron(spec.text)
            else:
                _compile(spec, place)
    except ScheduleError:
        return error
    return ScheduleError(error.sentence, code=error.code, hint=found.hint())


def _zone_free(cron: Cron, place: _Place) -> tuple[Calendar, ...]:
    """Return the calendar in UTC that fires with the clock of the zone, all year round.

    systemd lets every local schedule pause while an hour is repeated; one in UTC runs on. That is
    possible if only minutes are restricted and each offset of the zone makes the same of them.
    """
    if not cron.every_hour:
        return ()
    offsets = all_offsets(place.evaluated_in)
    if place.zone is None and len(offsets) == 1:
        return ()  # a clock that never changes needs no other zone than its own
    if any(offset % 60 for offset in offsets):
        return ()
    minutes = _EVERY_MINUTE if cron.minutes is None else cron.minutes
    readings = {frozenset((minute - offset // 60) % 60 for minute in minutes) for offset in offsets}
    if len(readings) != 1:
        return ()
    reading = readings.pop()
    in_utc = None if len(reading) == 60 else tuple(sorted(reading))
    return (Calendar(minutes=in_utc, zone="UTC"),)


def _calendar(text: str, place: _Place) -> _Part:
    read = parse_on_calendar(text, place.suffix)
    if read.own_zone:
        _require_unmistakable(read.calendar.zone, place)
    calendars = parted(read.calendar, place.machine_zone)
    warnings: list[str] = []
    if read.exact and len(calendars) == 1:
        suffix = "" if read.own_zone or not place.suffix else f" {place.suffix}"
        lines: tuple[tuple[str, str], ...] = (("OnCalendar", read.text + suffix),)
    else:
        calendars = tuple(part for calendar in calendars for part in writable(calendar))
        lines = _lines(calendars)
        warnings.append(
            f"systemd would lose runs of `{read.text}` (after a repetition without an end, or "
            f"where the clock is set forward): "
            f"`{'` and `'.join(value for _, value in lines)}` is installed instead"
        )
    if place.now_us is not None:
        zone = read.calendar.zone or place.machine_zone
        if next_after(read.calendar, place.now_us, offsets_of(zone)) is None:
            warnings.append(f"`{read.text}` lies in the past: it never fires again")
    return _Part(lines, calendars, tuple(warnings))


def _every(text: str) -> _Part:
    seconds = every_seconds(text)
    calendars = aligned_calendars(seconds)
    if calendars:
        return _Part(_lines(calendars), calendars)
    span = format_span(seconds)
    directives = (("OnActiveSec", span), ("OnUnitActiveSec", span))
    return _Part(directives, warnings=(counts_again(seconds),))


def _at(text: str, place: _Place) -> _Part:
    seconds = parse_instant(text, place.evaluated_in, zone_name(place.evaluated_in))
    calendar = instant_calendar(seconds)
    instant_us = seconds * _SECOND_US
    past = place.now_us is not None and instant_us <= place.now_us
    warnings = (f"{text.strip()} lies in the past: it never fires",) if past else ()
    return _Part(_lines((calendar,)), (calendar,), warnings, instant_us)


def _boot(seconds: float, place: _Place) -> _Part:
    name = "OnBootSec" if place.system else "OnStartupSec"
    return _Part(((name, format_span(seconds)),))


def _lines(calendars: Sequence[Calendar]) -> tuple[tuple[str, str], ...]:
    return tuple(("OnCalendar", on_calendar(calendar)) for calendar in calendars)

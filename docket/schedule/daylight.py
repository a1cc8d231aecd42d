"""What the clock changes of a zone do to a schedule, with the dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from docket.model.time.calendar import Calendar, civil_from_days, next_local
from docket.model.time.span import format_span
from docket.schedule.zones import OffsetAt, all_offsets, is_daylight, offsets_of

_DAY = 86_400
_SECOND_US = 1_000_000
_TWO_YEARS = 2 * 366 * _DAY
_ALL_BEGIN = 50 * 365 * _DAY
_ALL_LENGTH = 18 * 365 * _DAY
_SAMPLE_STEP = 5 * _DAY
# Enough for every second of a shift by an hour.
_MOST_COUNTED = 3600


class Shift(NamedTuple):
    """One change of a zone's offset: the instant and the offsets around it, all in seconds."""

    at: int
    before: int
    after: int

    @property
    def skipped(self) -> tuple[int, int]:
        """The local seconds that do not exist, as begin and end; empty for a repetition."""
        return self.at + self.before, self.at + self.after

    @property
    def repeated(self) -> tuple[int, int]:
        """The local seconds that come twice, as begin and end; empty for a gap."""
        return self.at + self.after, self.at + self.before


class Clash(NamedTuple):
    """A change of a zone's clock; `sentence` is "" if no run is lost by it."""

    at_us: int
    zone: str
    shift_seconds: int
    sentence: str


def daylight_warnings(
    calendars: Sequence[Calendar], machine_zone: str, now_us: int
) -> tuple[str, ...]:
    """Return sentences about the runs that clock changes of the next two years take away.

    A repeated hour in which a job runs once gets no warning; a frequent schedule that pauses for
    that hour gets one.
    """
    today = now_us // _SECOND_US // _DAY * _DAY
    clashes = _clashes(calendars, machine_zone, today, _TWO_YEARS)
    return tuple(clash.sentence for clash in clashes if clash.sentence)


def clock_changes(
    calendars: Sequence[Calendar], machine_zone: str, from_us: int, until_us: int
) -> list[Clash]:
    """Return the changes of the calendars' zones in a period, and what each takes away."""
    begin = from_us // _SECOND_US // _DAY * _DAY
    found = _clashes(calendars, machine_zone, begin, until_us // _SECOND_US - begin)
    return [clash for clash in found if from_us < clash.at_us <= until_us]


def _clashes(
    calendars: Sequence[Calendar], machine_zone: str, begin: int, length: int
) -> Iterator[Clash]:
    for zone in dict.fromkeys(calendar.zone for calendar in calendars):
        named = zone or machine_zone
        ours = [calendar for calendar in calendars if calendar.zone == zone]
        for shift in shifts(named, begin, length):
            said = _gap(ours, shift, zone_name(named)) or _pause(ours, shift, zone_name(named))
            yield Clash(
                shift.at * _SECOND_US, zone_name(named), shift.after - shift.before, said or ""
            )


def zone_name(zone: str) -> str:
    """Return what a sentence calls a zone."""
    return zone or "the machine's zone"


@lru_cache(maxsize=256)
def shifts(zone: str, begin: int, length: int = _TWO_YEARS) -> tuple[Shift, ...]:
    """Return the changes of a zone's offset from `begin` on, for so long (seconds)."""
    offset_at = offsets_of(zone)
    found: list[Shift] = []
    for early in range(begin, begin + length, _SAMPLE_STEP):
        late = early + _SAMPLE_STEP
        before, after = offset_at(early), offset_at(late)
        if before == after:
            continue
        found.append(Shift(_first_with_other_offset(offset_at, early, late), before, after))
    return tuple(found)


def _first_with_other_offset(offset_at: OffsetAt, early: int, late: int) -> int:
    before = offset_at(early)
    while late - early > 1:
        middle = (early + late) // 2
        if offset_at(middle) == before:
            early = middle
        else:
            late = middle
    return late


def parted(calendar: Calendar, machine_zone: str) -> tuple[Calendar, ...]:
    """Return calendars with the same fires that systemd computes right in every zone.

    If summer time is the standard and winter the exception (Europe/Dublin, Africa/Casablanca),
    systemd takes an hour inside the gap for one already past and drops the rest of that day. Such
    an hour gets a line of its own, so that it has no rest to drop.
    """
    inside = _hours_set_back(calendar.zone or machine_zone)
    hours = calendar.hours or ()
    alone = tuple(hour for hour in hours if hour in inside)
    if not alone or len(alone) == len(hours):
        return (calendar,)
    others = tuple(hour for hour in hours if hour not in inside)
    return (calendar.changed(hours=others), calendar.changed(hours=alone))


@lru_cache(maxsize=256)
def _hours_set_back(zone: str) -> frozenset[int]:
    """Return the full hours that lie in a gap which mktime(3) leaves backwards."""
    if len(all_offsets(zone)) == 1:
        return frozenset()
    found: set[int] = set()
    for shift in shifts(zone, _ALL_BEGIN, _ALL_LENGTH):
        begin, end = shift.skipped
        if begin < end and is_daylight(zone, shift.at - 1) and not is_daylight(zone, shift.at):
            found.update(hour // 3600 % 24 for hour in range(-(-begin // 3600) * 3600, end, 3600))
    return frozenset(found)


def _gap(calendars: Sequence[Calendar], shift: Shift, zone: str) -> str | None:
    begin, end = shift.skipped
    lost = _times(calendars, begin, end)
    if not lost:
        return None
    date = _date(begin)
    day = begin // _DAY * _DAY
    others = bool(_times(calendars, day, begin) or _times(calendars, end, max(end, day + _DAY)))
    if len(lost) == 1:
        left = "that run is skipped" if others else "no run that day"
        return f"{_clock(lost[0])} does not exist on {date} in {zone}: {left}"
    left = f"{len(lost)} runs are skipped" if others else "no run that day"
    return f"{_clock(lost[0])} to {_clock(lost[-1])} do not exist on {date} in {zone}: {left}"


def _pause(calendars: Sequence[Calendar], shift: Shift, zone: str) -> str | None:
    begin, end = shift.repeated
    if not (_times(calendars, begin, end) and _times(calendars, end, end + (end - begin))):
        return None
    return (
        f"{_clock(begin)} to {_clock(end)} comes twice on {_date(begin)} in {zone}: "
        f"there are no runs the second time, for {format_span(end - begin)}"
    )


def _times(calendars: Sequence[Calendar], begin: int, end: int) -> list[int]:
    """Return the local seconds from `begin` up to `end` that match, sorted."""
    found: set[int] = set()
    for calendar in calendars:
        local = next_local(calendar, begin)
        while local is not None and local < end and len(found) < _MOST_COUNTED:
            found.add(local)
            local = next_local(calendar, local + 1)
    return sorted(found)


def _clock(local: int) -> str:
    hours, rest = divmod(local % _DAY, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


def _date(local: int) -> str:
    year, month, day = civil_from_days(local // _DAY)
    return f"{year:04d}-{month:02d}-{day:02d}"

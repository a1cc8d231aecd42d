"""Every minute of some years as one number each: bit 0 is the first minute of the first day.

Years of minutes are compared in microseconds that way, and counted and listed as well. The rules of
the clocks: cron's own, Debian's and cronie's (cron.c), and systemd's (systemd.time(7), measured).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from functools import lru_cache

from docket.crontab.fields import Days
from docket.model.record import Record

MINUTES_OF_DAY = 1440
_EPOCH = date(1970, 1, 1).toordinal()
_BYTES_OF_DAY = MINUTES_OF_DAY // 8
_MARGIN = 2  # days of local time on either side, because no clock is further from UTC than 15 hours
_PROBE = 6 * 60  # minutes; no zone changes its offset twice within so short a time


class ClockRule(StrEnum):
    """What happens to a schedule when the clocks change."""

    ONCE = "once"  # systemd: what the clock skips does not run, what it repeats runs once
    LITERAL = "literal"  # cron for lines that begin with a star, cronie for CRON_TZ: as shown
    MADE_UP = "made_up"  # cron for fixed times: skipped runs start right after the change, once


class OffsetPeriod(Record):
    """A time of one offset from UTC; `begin`, `end` and `offset` in minutes since the epoch."""

    begin: int
    end: int
    offset: int
    before: int  # the offset of the stretch before this one


class Window(Record):
    """The days that are looked at, in UTC: `first` counts from 1970-01-01."""

    first: int
    count: int

    @property
    def begin(self) -> int:
        """The first minute since the epoch."""
        return self.first * MINUTES_OF_DAY

    @property
    def end(self) -> int:
        """The first minute that is no more part of it."""
        return (self.first + self.count) * MINUTES_OF_DAY

    def local_days(self) -> range:
        """Return the days that the clocks of any zone show within the window."""
        return range(self.first - _MARGIN, self.first + self.count + _MARGIN)


def stretches(window: Window, offset_at: Callable[[int], int]) -> tuple[OffsetPeriod, ...]:
    """Return the stretches of a zone; `offset_at` gives its offset in seconds at an instant."""
    begin, end = window.begin - MINUTES_OF_DAY, window.end
    found: list[OffsetPeriod] = []
    offset = before = offset_at(begin * 60) // 60
    started = begin
    for early in range(begin, end, _PROBE):
        late = min(early + _PROBE, end)
        later = offset_at(late * 60) // 60
        if later == offset:
            continue
        change = _first_with(offset_at, later, early, late)
        found.append(OffsetPeriod(started, change, offset, before))
        started, before, offset = change, offset, later
    found.append(OffsetPeriod(started, end, offset, before))
    return tuple(found)


def _first_with(offset_at: Callable[[int], int], offset: int, early: int, late: int) -> int:
    while late - early > 1:
        middle = (early + late) // 2
        if offset_at(middle * 60) // 60 == offset:
            late = middle
        else:
            early = middle
    return late


@lru_cache(maxsize=1024)
def day_flags(window: Window, days: Days) -> bytes:
    """Return one byte for each local day of the window, 1 if cron's line names it."""
    return bytes(days.names(*known) for known in _known_days(window))


@lru_cache(maxsize=4)
def _known_days(window: Window) -> tuple[tuple[int, int, int], ...]:
    found = []
    for number in window.local_days():
        day = date.fromordinal(_EPOCH + number)
        found.append((day.month, day.day, day.isoweekday() % 7))
    return tuple(found)


@lru_cache(maxsize=64)
def _local_minutes(flags: bytes, minutes: int) -> int:
    day = (bytes(_BYTES_OF_DAY), minutes.to_bytes(_BYTES_OF_DAY, "little"))
    return int.from_bytes(b"".join(map(day.__getitem__, flags)), "little")


def fires(
    window: Window, zone: tuple[OffsetPeriod, ...], flags: bytes, minutes: int, rule: ClockRule
) -> int:
    """Return the instants in UTC at which something runs, one bit for each minute.

    `flags` has one byte for each local day of the window, 1 if it counts; `minutes` are the
    minutes of such a day.
    """
    local = _local_minutes(flags, minutes)
    origin = window.local_days().start * MINUTES_OF_DAY
    found = 0
    for stretch in zone:
        begin = stretch.begin
        if rule is not ClockRule.LITERAL and stretch.before > stretch.offset:
            begin += stretch.before - stretch.offset  # these minutes have been shown already
        if begin < stretch.end:
            part = _cut(local, begin + stretch.offset - origin, stretch.end - begin)
            found |= _placed(part, begin - window.begin)
        skipped = stretch.offset - stretch.before
        if rule is ClockRule.MADE_UP and skipped > 0:
            at = stretch.begin + stretch.before - origin
            if _cut(local, at, skipped):
                found |= _placed(1, stretch.begin - window.begin)
    return found & ((1 << window.count * MINUTES_OF_DAY) - 1)


def changes(window: Window, zone: tuple[OffsetPeriod, ...]) -> int:
    """Return where the rules may differ: right after a gap, and in what is shown again."""
    found = 0
    for stretch in zone:
        shift = stretch.offset - stretch.before
        if shift:
            length = 1 if shift > 0 else -shift
            found |= _placed((1 << length) - 1, stretch.begin - window.begin)
    return found


def instants(window: Window, bits: int, most: int) -> Iterator[int]:
    """Yield the first instants of `bits`, in seconds since the epoch, `most` at most."""
    for _ in range(most):
        if not bits:
            return
        lowest = bits & -bits
        yield (window.begin + lowest.bit_length() - 1) * 60
        bits ^= lowest


def _cut(bits: int, begin: int, length: int) -> int:
    return bits >> begin & ((1 << length) - 1)


def _placed(bits: int, at: int) -> int:
    return bits << at if at >= 0 else bits >> -at

"""The proof that a timer fires when cron did: both are asked for every minute of some years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from docket.crontab.fields import Times
from docket.crontab.timeline import (
    ClockRule,
    OffsetPeriod,
    Window,
    changes,
    day_flags,
    fires,
    instants,
    stretches,
)
from docket.model.record import Record
from docket.model.task.schedule import Timing
from docket.model.time.calendar import Calendar, next_local
from docket.schedule.oncalendar import parse_on_calendar
from docket.schedule.zones import offsets_of, zone_info

if TYPE_CHECKING:
    from docket.app.crontab.shapes import MinuteDocument, ProofDocument

MOST_DIFFERENCES = 100
EITHER_CRON = "Debian's cron and cronie"
CRONIE = "cronie"
DEBIANS_CRON = "Debian's cron"
_DAY = 86_400
_DATES_NAMED = 4


class Difference(Record):
    """One minute in which only one of the two runs the job."""

    at: int  # seconds since the epoch
    zone: str
    by_cron: bool
    by_daylight: bool  # whether it is at a change of the clocks

    def local(self) -> datetime:
        """Return the minute as the zone's clock shows it."""
        return datetime.fromtimestamp(self.at, zone_info(self.zone))

    def document(self) -> MinuteDocument:
        """Return the difference as a JSON object."""
        return {
            "at": self.local().isoformat(),
            "cron": self.by_cron,
            "docket": not self.by_cron,
            "cause": "daylight_saving" if self.by_daylight else "meaning",
        }


class Proof(Record):
    """What the comparison with `cron` found; `fires` are cron's.

    The first differences are listed. `dates` are all days on which daylight saving makes one.
    """

    cron: str
    fires: int
    until: str
    differing: int
    by_meaning: int  # how many differences no change of the clocks explains
    differences: tuple[Difference, ...]
    dates: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether both run the job in the very same minutes."""
        return self.differing == 0

    def document(self) -> ProofDocument:
        """Return the proof as a JSON object."""
        return {
            "cron": self.cron,
            "identical": self.identical,
            "fires": self.fires,
            "until": self.until,
            "differing": self.differing,
            "by_daylight_saving": self.differing - self.by_meaning,
            "differences": [difference.document() for difference in self.differences],
            "dates": list(self.dates),
        }

    def sentence(self) -> str:
        """Return what was found, on one line."""
        found = f"{self.fires:,} fires until {self.until}"
        if self.identical:
            return f"proof: identical to {self.cron}: {found}"
        first = self.differences[0]
        where = f"{first.local():%Y-%m-%d %H:%M} only {self.cron if first.by_cron else 'Docket'}"
        if self.by_meaning:
            # Only Debian's cron takes a line that means something else here: `fri-sun`.
            who = DEBIANS_CRON if self.cron == EITHER_CRON else self.cron
            return f"proof: NOT the same: {who} has {found}, and {self.differing:,} differ: {where}"
        dates = ", ".join(self.dates[:_DATES_NAMED])
        more = len(self.dates) - _DATES_NAMED
        return (
            f"proof: identical to {self.cron} but for {self.differing:,} of {found}, all of them "
            f"by daylight saving ({dates}{f' and {more} more' if more > 0 else ''}; "
            f"first {where})"
        )


def window_of(now_us: int, years: int) -> Window:
    """Return the days from today on, for so many years."""
    today = datetime.fromtimestamp(now_us // 1_000_000, UTC).date()
    first = now_us // 1_000_000 // _DAY
    leap = (today.month, today.day) == (2, 29)
    end = today.replace(year=today.year + years, day=28 if leap else today.day)
    return Window(first, (end - today).days)


def prove(
    times: Times, timing: Timing, window: Window, *, zone: str | None, machine_zone: str
) -> Proof:
    """Compare what cron makes of a line with the lines of a timer, minute by minute.

    `zone` is that of CRON_TZ, which only cronie reads, and it follows such a clock literally.
    """
    named = machine_zone if zone is None else zone
    clock = _stretches(window, named)
    literal = times.wildcard or zone is not None
    rule = ClockRule.LITERAL if literal else ClockRule.MADE_UP
    by_cron = fires(window, clock, day_flags(window, times.days), times.minutes, rule)
    by_timer = 0
    for name, value in timing.directives:
        assert name == "OnCalendar"
        by_timer |= _fires_of_line(value, window, machine_zone)
    found = _compared(by_cron, by_timer, window, clock, named)
    return found if zone is None else found.replace(cron=CRONIE)


def _compared(
    by_cron: int, by_timer: int, window: Window, clock: tuple[OffsetPeriod, ...], zone: str
) -> Proof:
    different = by_cron ^ by_timer
    daylight = changes(window, clock) if different else 0
    meaning = different & ~daylight
    # Differences without a change of the clocks come first: they are faults.
    told = [*instants(window, meaning, MOST_DIFFERENCES)]
    told += instants(window, different & daylight, MOST_DIFFERENCES - len(told))
    return Proof(
        cron=EITHER_CRON,
        fires=by_cron.bit_count(),
        until=f"{datetime.fromtimestamp(window.end * 60, UTC):%Y-%m-%d}",
        differing=different.bit_count(),
        by_meaning=meaning.bit_count(),
        differences=tuple(
            Difference(
                at,
                zone,
                by_cron=bool(by_cron >> (at // 60 - window.begin) & 1),
                by_daylight=bool(daylight >> (at // 60 - window.begin) & 1),
            )
            for at in told
        ),
        dates=tuple(dict.fromkeys(_dates(window, different & daylight, zone))),
    )


def _dates(window: Window, bits: int, zone: str) -> Iterator[str]:
    """Yield the days of `bits` by the zone's clock."""
    passed = 0
    while bits >> passed:
        [at] = instants(window, bits >> passed << passed, 1)
        local = datetime.fromtimestamp(at, zone_info(zone))
        yield f"{local:%Y-%m-%d}"
        passed = at // 60 - window.begin + 24 * 60 - (60 * local.hour + local.minute)


@lru_cache(maxsize=64)
def _stretches(window: Window, zone: str) -> tuple[OffsetPeriod, ...]:
    return stretches(window, offsets_of(zone))


def _fires_of_line(value: str, window: Window, machine_zone: str) -> int:
    """Return the instants of one OnCalendar line, read from the very text that systemd gets."""
    calendar = parse_on_calendar(value).calendar
    assert calendar.years is None
    assert calendar.days_from_end is None
    assert calendar.seconds == (0,)
    flags = _calendar_flags(window, calendar.weekdays, calendar.months, calendar.days)
    minutes = sum(
        1 << 60 * hour + minute
        for hour in (range(24) if calendar.hours is None else calendar.hours)
        for minute in (range(60) if calendar.minutes is None else calendar.minutes)
    )
    clock = _stretches(window, calendar.zone or machine_zone)
    return fires(window, clock, flags, minutes, ClockRule.ONCE)


@lru_cache(maxsize=1024)
def _calendar_flags(
    window: Window,
    weekdays: tuple[int, ...] | None,
    months: tuple[int, ...] | None,
    days: tuple[int, ...] | None,
) -> bytes:
    midnights = Calendar(weekdays=weekdays, months=months, days=days, hours=(0,), minutes=(0,))
    local_days = window.local_days()
    flags = bytearray(len(local_days))
    local = next_local(midnights, local_days.start * _DAY)
    while local is not None and local < local_days.stop * _DAY:
        flags[local // _DAY - local_days.start] = 1
        local = next_local(midnights, local + 1)
    return bytes(flags)

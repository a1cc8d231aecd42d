"""`at`: one instant, written as ISO-8601, as a local date and time, or as @EPOCH."""

from __future__ import annotations

import re

from docket.errors import ScheduleError
from docket.model.time.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    Calendar,
    civil_from_days,
    days_from_civil,
    instant_of,
)
from docket.model.time.instant import Written, WrongDateError, parse_written
from docket.schedule import refusals
from docket.schedule.zones import offsets_of

BAD_INSTANT = "schedule.bad_instant"
NONEXISTENT = "schedule.nonexistent_time"

_DAY = 86_400
_EPOCH = re.compile(r"@([0-9]{1,11})")
_HINT = "write `2026-12-24 18:00`, or with an offset `2026-12-24T18:00:00+01:00`"


def parse_instant(text: str, zone: str, zone_shown: str) -> int:
    """Return the instant in seconds since the epoch; ScheduleError if it is not one.

    Without an offset the time is read in `zone`: a time that comes twice is the first of the two,
    one that daylight saving skips is refused.
    """
    trimmed = text.strip(" \t")
    if epoch := _EPOCH.fullmatch(trimmed):
        return _in_range(int(epoch[1]), text)
    written = _written(trimmed, text)
    local = _local_seconds(written)
    if written.zone is not None:
        return _in_range(local - _offset_seconds(written.zone, text), text)
    instant = instant_of(local, offsets_of(zone))
    if instant is None:
        raise ScheduleError(
            f"{refusals.shown(text)} does not exist in {zone_shown}: the clock is set forward "
            "over it.",
            code=NONEXISTENT,
            hint="name a time before or after the gap, or write it with an offset",
        )
    return _in_range(instant, text)


def instant_calendar(seconds: int) -> Calendar:
    """Return the calendar, in UTC, that fires at one instant (seconds) and never again."""
    days, of_day = divmod(seconds, _DAY)
    year, month, day = civil_from_days(days)
    return Calendar(
        years=(year,),
        months=(month,),
        days=(day,),
        hours=(of_day // 3600,),
        minutes=(of_day // 60 % 60,),
        seconds=(of_day % 60,),
        zone="UTC",
    )


def _written(trimmed: str, text: str) -> Written:
    """Return the parts of `trimmed`, which must name its day by a date and have a time of day."""
    try:
        written = parse_written(trimmed)
    except WrongDateError as error:
        raise ScheduleError(
            f"{refusals.shown(text)} is not a date and time: {error}.", code=BAD_INSTANT, hint=_HINT
        ) from None
    if written is None or not (written.day and written.clock) or written.clock[3]:
        raise ScheduleError(
            f"{refusals.shown(text)} is not a date and time.", code=BAD_INSTANT, hint=_HINT
        )
    if not written.absolute:
        raise ScheduleError(
            f"{refusals.shown(text)} means another day at each install.",
            code=BAD_INSTANT,
            hint=_HINT,
        )
    return written


def _local_seconds(written: Written) -> int:
    year, month, day = map(int, (written.day or "").split("-"))
    hour, minute, second, _ = written.clock or (0, 0, 0, 0)
    return days_from_civil(year, month, day) * _DAY + hour * 3600 + minute * 60 + second


def _offset_seconds(offset: str, text: str) -> int:
    if offset.upper() in ("Z", "UTC", "GMT"):
        return 0
    if offset[0] not in "+-":
        raise ScheduleError(
            f"{refusals.shown(text)} holds a time zone.",
            code=BAD_INSTANT,
            hint="name the zone under the key `timezone`",
        )
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 15 or minutes > 59:
        raise ScheduleError(
            f"{refusals.shown(text)} has an offset from UTC that no zone has.",
            code=BAD_INSTANT,
            hint=_HINT,
        )
    return (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)


def _in_range(seconds: int, text: str) -> int:
    year = civil_from_days(seconds // _DAY)[0]
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ScheduleError(
            f"{refusals.shown(text)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.",
            code=refusals.OUT_OF_RANGE,
            hint=_HINT,
        )
    return seconds

"""`at`: one instant, written as ISO-8601, as a local date and time, or as @EPOCH."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from docket.errors import ScheduleError
from docket.model.calendar import FIRST_YEAR, LAST_YEAR, Calendar, civil_from_days, instant_of
from docket.schedule import refusals
from docket.schedule.zones import offsets_of

BAD_INSTANT = "schedule.bad_instant"
NONEXISTENT = "schedule.nonexistent_time"

_DAY = 86_400
_EPOCH = re.compile(r"@([0-9]{1,11})")
_WRITTEN = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.0+)?"
    r" ?(?P<offset>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)
_HINT = "write `2026-12-24 18:00`, or with an offset `2026-12-24T18:00:00+01:00`"


def parse_instant(text: str, zone: str, zone_shown: str) -> int:
    """Return the instant in seconds since the epoch; ScheduleError where it is none.

    Without an offset the time is read in `zone`: a time that comes twice is the first of the two,
    one that daylight saving skips is refused.
    """
    trimmed = text.strip(" \t")
    if epoch := _EPOCH.fullmatch(trimmed):
        return _in_range(int(epoch[1]), text)
    written = _WRITTEN.fullmatch(trimmed)
    if written is None:
        raise ScheduleError(
            f"{refusals.shown(text)} is no date and time.", code=BAD_INSTANT, hint=_HINT
        )
    local = _local_seconds(written["local"], text)
    if written["offset"]:
        return _in_range(local - _offset_seconds(written["offset"], text), text)
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


def _local_seconds(local: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(local).replace(tzinfo=UTC)
    except ValueError:
        raise ScheduleError(
            f"{refusals.shown(text)} names a date or time that does not exist.",
            code=BAD_INSTANT,
            hint=_HINT,
        ) from None
    return int(moment.timestamp())


def _offset_seconds(offset: str, text: str) -> int:
    if offset in ("Z", "UTC"):
        return 0
    hours, minutes = int(offset[1:3]), int(offset[-2:])
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

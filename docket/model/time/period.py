"""The periods of `once_per`: a stretch of the calendar in which one success is enough."""

from __future__ import annotations

import time
from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR_US = 3_600_000_000


class Period(StrEnum):
    """A stretch of the calendar; a week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


# How far back a success of the same period can lie; summer time and late starts are in it.
REACH_US = {
    Period.HOUR: 3 * _HOUR_US,
    Period.DAY: 50 * _HOUR_US,
    Period.WEEK: 9 * 24 * _HOUR_US,
    Period.MONTH: 33 * 24 * _HOUR_US,
    Period.YEAR: 368 * 24 * _HOUR_US,
}


def stretch(instant_us: int, period: Period, offset_at: Callable[[int], int]) -> tuple[int, ...]:
    """Return what is the same for all instants of one period.

    `offset_at` gives the zone's offset from UTC, in seconds, at an instant in seconds.
    """
    seconds = instant_us // 1_000_000
    local = time.gmtime(seconds + offset_at(seconds))
    match period:
        case Period.HOUR:
            # By the instant, so that the hour that comes twice in autumn is two.
            return ((seconds + offset_at(seconds)) // 3600, offset_at(seconds))
        case Period.DAY:
            return (local.tm_year, local.tm_yday)
        case Period.WEEK:
            days = (seconds + offset_at(seconds)) // 86400
            return ((days + 3) // 7,)  # the epoch was a Thursday
        case Period.MONTH:
            return (local.tm_year, local.tm_mon)
        case Period.YEAR:
            return (local.tm_year,)

"""The five fields of a cron expression: their ranges and the names that may stand in them."""

from __future__ import annotations

from typing import NamedTuple

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


class CronField(NamedTuple):
    """One field: what it is called, what it may hold, and the names for that."""

    name: str
    low: int
    high: int
    names: dict[str, int]
    long_names: tuple[str, ...] = ()


MINUTE = CronField("minute", 0, 59, {})
HOUR = CronField("hour", 0, 23, {})
DAY = CronField("day-of-month", 1, 31, {})
MONTH = CronField(
    "month",
    1,
    12,
    {name: number for number, name in enumerate(_MONTHS, 1)},
    (
        *("january", "february", "march", "april", "june", "july", "august"),
        *("sept", "september", "october", "november", "december"),
    ),
)
WEEKDAY = CronField(
    "day-of-week",
    0,
    7,
    {name: number for number, name in enumerate(_WEEKDAYS)},
    (
        *("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
        *("tues", "thur", "thurs", "weds"),
    ),
)
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)

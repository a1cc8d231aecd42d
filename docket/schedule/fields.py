"""The five fields of a cron expression: their ranges and the names that they accept."""

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


SECOND = CronField("second", 0, 59, {})
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
YEAR = CronField("year", 1970, 2199, {})
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


def wrapped(field: CronField, low: int, high: int, step: int) -> str:
    """Return the items that go from `low` past the end of the field to `high`, as cron writes them.

    A step counts on past the end, as a clock does.
    """
    if field is WEEKDAY:
        low, last = low % 7, 6
    else:
        last = field.high
    if low <= high:
        return _range(low, high) + (f"/{step}" if step > 1 else "")
    if step == 1:
        return f"{_range(low, last)},{_range(field.low, high)}"
    size = last - field.low + 1
    values = {(value - field.low) % size + field.low for value in range(low, high + size + 1, step)}
    return ",".join(map(str, sorted(values)))


def _range(first: int, last: int) -> str:
    return f"{first}-{last}" if first != last else f"{first}"

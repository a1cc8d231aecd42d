"""The five fields of a line and the bits that cron sets for them.

It shares nothing with the compiler of schedules, because it is the independent check of it.
Sources: entry.c of Debian's cron 3.0pl1 and of cronie, whose bits are the same.
"""

from __future__ import annotations

from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ALL_DAYS = ("*", "*", "*")
_MACROS = {
    "@yearly": ("0", "0", "1", "1", "*"),
    "@annually": ("0", "0", "1", "1", "*"),
    "@monthly": ("0", "0", "1", "*", "*"),
    "@weekly": ("0", "0", "*", "*", "0"),
    "@daily": ("0", "0", *_ALL_DAYS),
    "@midnight": ("0", "0", *_ALL_DAYS),
    "@hourly": ("0", "*", *_ALL_DAYS),
}


class Days(NamedTuple):
    """Which days a line names: one bit for each value, Sunday being bit 0 of the weekdays."""

    days: int
    months: int
    weekdays: int
    both: bool  # whether a day has to fit both fields; else one of the two is enough

    def names(self, month: int, day: int, weekday: int) -> bool:
        """Whether a date is one of them; `weekday` counts from Sunday = 0."""
        if not self.months >> month & 1:
            return False
        by_day = bool(self.days >> day & 1)
        by_weekday = bool(self.weekdays >> weekday & 1)
        return (by_day and by_weekday) if self.both else (by_day or by_weekday)


class Times(NamedTuple):
    """When cron runs a line."""

    minutes: int  # of the day: bit 0 is 00:00, bit 1439 is 23:59
    days: Days
    wildcard: bool  # whether the minute or the hour begins with a star: it follows every clock


class NotTakenError(ValueError):
    """cron refuses the line."""


def read_times(expression: str) -> Times:
    """Return when cron runs a line with this expression; NotTakenError if it refuses it.

    `@reboot` is not a time and not taken here.
    """
    words = _MACROS.get(expression) or tuple(expression.split())
    if len(words) != 5:
        raise NotTakenError(expression)
    minute, hour, day, month, weekday = words
    minutes, hours = _bits(minute, 0, 59), _bits(hour, 0, 23)
    weekdays = _bits(weekday, 0, 7, _DAYS)
    if weekdays >> 7 & 1:
        weekdays |= 1
    days = Days(
        days=_bits(day, 1, 31),
        months=_bits(month, 1, 12, _MONTHS),
        weekdays=weekdays,
        both=day[0] == "*" or weekday[0] == "*",
    )
    of_day = sum(minutes << 60 * number for number in range(24) if hours >> number & 1)
    return Times(of_day, days, wildcard=minute[0] == "*" or hour[0] == "*")


def _bits(word: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    found = 0
    for item in word.split(","):
        body, slash, step = item.partition("/")
        if body == "*":
            first, last = low, high
        else:
            begin, dash, end = body.partition("-")
            first = _number(begin, low, names)
            last = _number(end, low, names) if dash else first
            if slash and not dash:
                raise NotTakenError(item)
        pace = _number(step, 0) if slash else 1
        if pace == 0 or not (low <= first <= high and low <= last <= high):
            raise NotTakenError(item)
        for value in range(first, last + 1, pace):
            found |= 1 << value
    return found


def _number(text: str, low: int, names: tuple[str, ...] = ()) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + low
    if not (text.isascii() and text.isdigit()):
        raise NotTakenError(text)
    return int(text)

"""An independent cron: every minute is asked, one by one, whether the expression names it.

It shares no code with Docket. The reading of a field follows cron's own source: one bit for each
value, the star flag only from the first character.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS = "sun mon tue wed thu fri sat"
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


class Oracle:
    """One cron expression of five fields, known to be valid."""

    def __init__(self, expression: str) -> None:
        words = expression.split()
        self.bits = [_bits(word, index) for index, word in enumerate(words)]
        if {0, 7} & self.bits[4]:
            self.bits[4] |= {0, 7}
        self.starred = words[2][0] == "*" or words[4][0] == "*"

    def names(self, local: datetime) -> bool:
        """Whether the wall-clock minute is one of the expression's."""
        minute, hour, day, month, weekday = self.bits
        if local.minute not in minute or local.hour not in hour or local.month not in month:
            return False
        by_day = local.day in day
        by_weekday = local.isoweekday() % 7 in weekday
        return (by_day and by_weekday) if self.starred else (by_day or by_weekday)

    def fires(self, base: int, minutes: int, zone: str, *, both_passes: bool) -> Iterator[int]:
        """Yield the instants (seconds) after `base`, within so many minutes of real time."""
        tz = ZoneInfo(zone)
        start = base // 60 * 60 + 60
        for instant in range(start, start + minutes * 60, 60):
            local = datetime.fromtimestamp(instant, tz)
            if (both_passes or local.fold == 0) and self.names(local):
                yield instant

    def next_in_utc(self, base: int, days: int) -> int | None:
        """Return the first instant after `base` by UTC's clock, within so many days."""
        moment = datetime.fromtimestamp(base // 60 * 60 + 60, UTC)
        for _ in range(days * 1440):
            if self.names(moment):
                return int(moment.timestamp())
            moment += timedelta(minutes=1)
        return None


def _bits(word: str, index: int) -> set[int]:
    low, high = _RANGES[index]
    found: set[int] = set()
    for item in word.split(","):
        body, _, step = item.partition("/")
        if body == "*":
            first, last = low, high
        else:
            begin, dash, end = body.partition("-")
            first = _number(begin, index)
            last = _number(end, index) if dash else first
            if index == 4 and last == 0 and first > 0:
                last = 7
        value = first
        while value <= last:
            found.add(value)
            value += int(step or 1)
    return found


def _number(text: str, index: int) -> int:
    if text.isdigit():
        return int(text)
    names = (_MONTHS if index == 3 else _DAYS).split()
    return names.index(text.lower()) + (1 if index == 3 else 0)

"""Calendars as OnCalendar text: every part written out, and bounded lists only.

An open-ended repetition (`0/8`) is never written: systemd loses the first value of it after a
carry over two fields (23:56 is followed by 00:08), in 252 and in 257 alike.
"""

from __future__ import annotations

from docket.model.time.calendar import Calendar

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A run shorter than this is easier read as a list.
_SHORTEST_RANGE = 3
_SHORTEST_STEPS = 4


def on_calendar(calendar: Calendar) -> str:
    """Return the value of `OnCalendar=` for a calendar."""
    parts = [_date(calendar), _time(calendar)]
    if calendar.weekdays is not None:
        parts.insert(0, _weekdays(calendar.weekdays))
    if calendar.zone:
        parts.append(calendar.zone)
    return " ".join(parts)


def writable(calendar: Calendar) -> tuple[Calendar, ...]:
    """Return calendars with the same fires, each of which systemd takes when it is written.

    It allows each further item of a list of days from the end three days less than the item
    before, so that `~01,27` is refused: such a list becomes one line for each item.
    """
    if calendar.days_from_end is None:
        return (calendar,)
    items = _items(calendar.days_from_end)
    return tuple(calendar.changed(days_from_end=tuple(item)) for item in items)


def _date(calendar: Calendar) -> str:
    year = _numbers(calendar.years, 4)
    month = _numbers(calendar.months, 2)
    if calendar.days_from_end is not None:
        return f"{year}-{month}~{_numbers(calendar.days_from_end, 2)}"
    return f"{year}-{month}-{_numbers(calendar.days, 2)}"


def _time(calendar: Calendar) -> str:
    return ":".join(
        _numbers(values, 2) for values in (calendar.hours, calendar.minutes, calendar.seconds)
    )


def _numbers(values: tuple[int, ...] | None, width: int) -> str:
    if values is None:
        return "*"
    return ",".join(_written(item, width) for item in _items(values))


def _written(item: range, width: int) -> str:
    first, last = item[0], item[-1]
    if len(item) == 1:
        return f"{first:0{width}d}"
    repeat = f"/{item.step}" if item.step > 1 else ""
    return f"{first:0{width}d}..{last:0{width}d}{repeat}"


def _items(values: tuple[int, ...]) -> list[range]:
    """Return evenly spaced runs, and single values between them, that together make up `values`."""
    items = []
    at = 0
    while at < len(values):
        length, step = _run(values, at)
        items.append(range(values[at], values[at + length - 1] + 1, step))
        at += length
    return items


def _weekdays(values: tuple[int, ...]) -> str:
    items = []
    at = 0
    while at < len(values):
        length, step = _run(values, at)
        if step > 1:
            length = 1
        first, last = _WEEKDAYS[values[at]], _WEEKDAYS[values[at + length - 1]]
        items.append(first if length == 1 else f"{first}..{last}")
        at += length
    return ",".join(items)


def _run(values: tuple[int, ...], at: int) -> tuple[int, int]:
    """Return (length, step) of the evenly spaced run at an index, (1, 1) if it is too short."""
    if at + 1 == len(values):
        return 1, 1
    step = values[at + 1] - values[at]
    end = at + 1
    while end + 1 < len(values) and values[end + 1] - values[end] == step:
        end += 1
    length = end - at + 1
    shortest = _SHORTEST_RANGE if step == 1 else _SHORTEST_STEPS
    return (length, step) if length >= shortest else (1, 1)

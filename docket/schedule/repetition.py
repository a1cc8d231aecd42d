"""`every`: intervals as calendar lines if they divide the day, else as monotonic timers."""

from __future__ import annotations

from docket.errors import ScheduleError
from docket.model.time.calendar import Calendar
from docket.model.time.span import format_span, parse_span
from docket.schedule import refusals

_DAY = 86_400
_LONGEST_SECONDS = 366 * _DAY
_LONG_SECONDS = 3600
# Odd intervals such as 27 s divide the day too, but would need hundreds of lines.
_MOST_LINES = 24

BAD_SPAN = "schedule.bad_span"


def every_seconds(text: str) -> float:
    """Return the interval in seconds; ScheduleError if it is not a span of 1 s to 366 days."""
    seconds = _span(text)
    if not 1 <= seconds <= _LONGEST_SECONDS:
        raise ScheduleError(
            f"The interval {refusals.shown(text)} is not between 1 second and 366 days.",
            code=refusals.OUT_OF_RANGE,
            hint="write a span such as 90s, 15min, 6h or 1d",
        )
    return seconds


def boot_seconds(text: str) -> float:
    """Return the delay after boot in seconds; ScheduleError if it is not a span."""
    return _span(text)


def aligned_calendars(seconds: float) -> tuple[Calendar, ...]:
    """Return calendars in UTC that fire at every multiple of an interval since midnight.

    Empty if the interval does not divide the day, or only with more lines than are sensible.
    """
    if seconds != int(seconds) or _DAY % int(seconds):
        return ()
    calendars: list[Calendar] = []
    for hours, minutes_by_seconds in _hours_by_pattern(int(seconds)).items():
        for in_minute, minutes in minutes_by_seconds.items():
            calendars.append(
                Calendar(
                    hours=None if len(hours) == 24 else hours,
                    minutes=None if len(minutes) == 60 else minutes,
                    seconds=None if len(in_minute) == 60 else in_minute,
                    zone="UTC",
                )
            )
            if len(calendars) > _MOST_LINES:
                return ()
    return tuple(calendars)


def counts_again(seconds: float) -> str:
    """Return the warning for an interval that only a monotonic timer can keep."""
    span = format_span(seconds)
    sentence = f"every {span} does not divide the day: it is counted again when the timer starts"
    if seconds < _LONG_SECONDS:
        return sentence
    return f"{sentence}, and a machine that is never up for {span} at a stretch does not run it"


def _span(text: str) -> float:
    try:
        return parse_span(text)
    except ValueError as error:
        raise ScheduleError(
            f"{error}.", code=BAD_SPAN, hint="write a span such as 90s, 15min, 6h or 1d"
        ) from None


def _hours_by_pattern(
    seconds: int,
) -> dict[tuple[int, ...], dict[tuple[int, ...], tuple[int, ...]]]:
    """Return, for each group of hours that look alike, seconds within the minute -> minutes."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for hour in range(24):
        first = -(hour * 3600) % seconds
        groups.setdefault(tuple(range(first, 3600, seconds)), []).append(hour)
    return {tuple(hours): _minutes(times) for times, hours in groups.items() if times}


def _minutes(times: tuple[int, ...]) -> dict[tuple[int, ...], tuple[int, ...]]:
    by_minute: dict[int, list[int]] = {}
    for time in times:
        by_minute.setdefault(time // 60, []).append(time % 60)
    alike: dict[tuple[int, ...], list[int]] = {}
    for minute, in_minute in by_minute.items():
        alike.setdefault(tuple(in_minute), []).append(minute)
    return {in_minute: tuple(minutes) for in_minute, minutes in alike.items()}

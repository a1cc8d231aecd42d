"""Cron expressions, with the meaning that Debian's cron and cronie agree on.

The grammar is what both parsers accept without depending on an accident of either; everything
else is refused with a hint. Classes are ASCII and matches are whole, since Python's own idea of
digits and blanks is wider than cron's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docket.errors import ScheduleError
from docket.model.record import Record
from docket.model.time.calendar import Calendar
from docket.schedule import refusals
from docket.schedule.emit import on_calendar
from docket.schedule.fields import DAY, FIELDS, HOUR, MINUTE, WEEKDAY, CronField

LONGEST_EXPRESSION = 4096

REBOOT = "@reboot"
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FOREIGN = re.compile(r"[^\x20-\x7e\t]")
_BLANKS = re.compile(r"[ \t]+")
_VALUE = r"[0-9]+|[A-Za-z]{3}"
_ITEM = re.compile(
    rf"\*(?:/(?P<every>[0-9]+))?"
    rf"|(?P<low>{_VALUE})(?:-(?P<high>{_VALUE})(?:/(?P<step>[0-9]+))?)?"
)
# cron reads a number of up to 999 characters, and what does not fit in an int wraps around.
_LONGEST_NUMBER = 999
_LARGEST_NUMBER = 2**31 - 1
_LONGEST_MONTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Cron(Record):
    """A cron expression: the values of each field, None if the field holds all of them.

    `weekdays` count from Monday = 0. `either_day` is cron's union: a day that matches `days` or
    `weekdays` is enough. `warnings` are sentences about what is accepted but may surprise.
    """

    minutes: tuple[int, ...] | None
    hours: tuple[int, ...] | None
    days: tuple[int, ...] | None
    months: tuple[int, ...] | None
    weekdays: tuple[int, ...] | None
    either_day: bool
    warnings: tuple[str, ...] = ()

    @property
    def every_hour(self) -> bool:
        """Whether nothing but the minute is restricted."""
        return (
            self.hours is None
            and self.months is None
            and (
                (self.days is None or self.weekdays is None)
                if self.either_day
                else self.days is None and self.weekdays is None
            )
        )

    def calendars(self, zone: str) -> tuple[Calendar, ...]:
        """Return the one or two calendars whose union this is, both in `zone`."""
        if not self.either_day:
            return (self._calendar(zone, self.days, self.weekdays),)
        if self.days is None or self.weekdays is None:
            return (self._calendar(zone, None, None),)
        by_weekday = self._calendar(zone, None, self.weekdays)
        if not _some_date(self.months, self.days):
            return (by_weekday,)
        return (self._calendar(zone, self.days, None), by_weekday)

    def both_days(self) -> Calendar:
        """Return the calendar of the days that match `days` and `weekdays`."""
        return self._calendar("", self.days, self.weekdays)

    def _calendar(
        self, zone: str, days: tuple[int, ...] | None, weekdays: tuple[int, ...] | None
    ) -> Calendar:
        return Calendar(
            weekdays=weekdays,
            months=self.months,
            days=days,
            hours=self.hours,
            minutes=self.minutes,
            zone=zone,
        )


def is_reboot(text: str) -> bool:
    """Whether the expression is the one macro that has no calendar."""
    return text.strip(" \t") == REBOOT


def parse_cron(text: str) -> Cron:
    """Return the expression or macro; ScheduleError if it is refused or can never fire.

    `@reboot` has no calendar form: the caller asks `is_reboot` first.
    """
    trimmed = _checked(text)
    words = _BLANKS.split(_expanded(trimmed)) if trimmed else []
    if len(words) != len(FIELDS):
        raise refusals.bad_field_count(trimmed, len(words))
    warnings: list[str] = []
    values = [field_values(*pair, warnings) for pair in zip(FIELDS, words, strict=True)]
    starred = words[2].startswith("*") or words[4].startswith("*")
    cron = Cron(
        minutes=_partial(values[0], MINUTE),
        hours=_partial(values[1], HOUR),
        days=_partial(values[2], DAY),
        months=_partial(values[3], FIELDS[3]),
        weekdays=_weekdays(values[4]),
        either_day=not starred,
        warnings=tuple(warnings),
    )
    return _with_possible_dates(cron, trimmed)


def _checked(text: str) -> str:
    if len(text) > LONGEST_EXPRESSION:
        raise refusals.too_long(text, LONGEST_EXPRESSION)
    if foreign := _FOREIGN.search(text):
        raise refusals.bad_character(text, foreign[0])
    return text.strip(" \t")


def _expanded(trimmed: str) -> str:
    if not trimmed.startswith("@"):
        return trimmed
    try:
        return _MACROS[trimmed]
    except KeyError:
        raise refusals.bad_macro(trimmed) from None


def field_values(field: CronField, text: str, warnings: list[str]) -> set[int]:
    """Return the values of one field; ScheduleError. What may surprise is added to `warnings`."""
    values: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise refusals.bad_item(field, item, text)
        values.update(_item(field, match, warnings))
    return values


def _item(field: CronField, match: re.Match[str], warnings: list[str]) -> Iterable[int]:
    item = match[0]
    if match["low"] is None:
        step = _step(match["every"], item)
        _remark(field, item, (field.low, field.high), step, warnings)
        return range(field.low, field.high + 1, step)
    low = _value(field, match["low"], match)
    if match["high"] is None:
        return (low,)
    high = _value(field, match["high"], match)
    if field is WEEKDAY and high == 0 < low:
        high = 7  # cronie's reading of `fri-sun`; older crons take it and never run
    if low > high:
        raise refusals.reversed_range(field, item, low, high, _step(match["step"], item))
    step = _step(match["step"], item)
    _remark(field, item, (low, high), step, warnings)
    return range(low, high + 1, step)


def _value(field: CronField, text: str, match: re.Match[str]) -> int:
    if not text[0].isdigit():
        number = field.names.get(text.lower())
        if number is None:
            raise refusals.bad_item(field, match[0], match.string)
        return number
    if len(text) > _LONGEST_NUMBER or not field.low <= int(text) <= field.high:
        raise refusals.out_of_range(field, text, match[0])
    return int(text)


def _step(text: str | None, item: str) -> int:
    if text is None:
        return 1
    if len(text) > _LONGEST_NUMBER or not 1 <= int(text) <= _LARGEST_NUMBER:
        raise refusals.bad_step(item)
    return int(text)


def _remark(
    field: CronField, item: str, bounds: tuple[int, int], step: int, warnings: list[str]
) -> None:
    low, high = bounds
    if step > max(high - low, 1):
        warnings.append(
            f"the step of `{item}` is larger than the range of the {field.name} field, so that "
            f"only {low} is left of it"
        )
    elif item.startswith("*") and field in (MINUTE, HOUR) and (high + 1) % step:
        warnings.append(
            f"`{item}` in the {field.name} field begins again at {low}: the last gap is "
            f"{(high + 1) % step} instead of {step} {field.name}s"
        )


def _partial(values: set[int], field: CronField) -> tuple[int, ...] | None:
    return None if len(values) == field.high - field.low + 1 else tuple(sorted(values))


def _weekdays(values: set[int]) -> tuple[int, ...] | None:
    """Fold cron's 0 and 7, both Sunday, and count from Monday = 0."""
    days = {(value + 6) % 7 for value in values}
    return None if len(days) == 7 else tuple(sorted(days))


def _some_date(months: tuple[int, ...] | None, days: tuple[int, ...]) -> bool:
    return days[0] <= max(_LONGEST_MONTHS[month] for month in months or range(1, 13))


def _with_possible_dates(cron: Cron, text: str) -> Cron:
    if cron.days is None or _some_date(cron.months, cron.days):
        return _with_either_day_said(cron)
    if not cron.either_day:
        raise ScheduleError(
            f"The schedule {refusals.shown(text)} never fires: no month that it names has such "
            "a day.",
            code=refusals.NEVER_FIRES,
            hint="name a day that exists; for the last day of the month write "
            "`schedule: {calendar: '*-*~01'}`",
        )
    if cron.weekdays is None:
        return cron
    remark = "no month that it names has such a day of the month: only the weekdays count"
    return cron.replace(warnings=(*cron.warnings, remark))


def _with_either_day_said(cron: Cron) -> Cron:
    """Add the warning that a day needs to match only one of the two day fields."""
    if not cron.either_day or cron.days is None or cron.weekdays is None:
        return cron
    remark = (
        "a day that matches the day of month or the day of week is enough; for the days that "
        f"match both write `schedule: {{calendar: '{on_calendar(cron.both_days())}'}}`"
    )
    return cron.replace(warnings=(*cron.warnings, remark))

"""Extended cron of other programs, rewritten as what Docket accepts.

Read are the extensions of Quartz, cronexpr, robfig/cron, croniter, cronsim, cron-parser, fugit and
croner whose meaning these agree on: a field of seconds or years, `?`, `5/15`, ranges that go on
past the end, `L`, `L-3`, `15W`, `LW`, `5L`, `mon#2`, `mon#last`, `+mon`, `@every 5m`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from docket.errors import ScheduleError
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.time.calendar import Calendar
from docket.schedule.cron import field_values
from docket.schedule.emit import on_calendar, writable
from docket.schedule.fields import (
    DAY,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    YEAR,
    CronField,
    wrapped,
)

_LONGEST = 500
_YEAR = r"(?:19|20|21)[0-9]{2}([-,/].*)?"
_VALUE = r"[0-9]{1,4}|[A-Za-z]{3,9}"
_ITEM = (
    rf"(?P<star>[*?])(?:/(?P<every>[0-9]+))?"
    rf"|(?P<low>{_VALUE})(?:-(?P<high>{_VALUE}))?(?:/(?P<step>[0-9]+))?"
)
_LAST_DAYS = r"L(?:-([0-9]{1,2}))?|-([0-9]{1,2})"
_TO_LAST_DAY = r"([0-9]{1,2})-L"
_WORKDAY = r"([0-9]{1,2})W|W([0-9]{1,2})|(LW|WL)"
_LAST_WEEKDAY = r"([0-7]|[A-Za-z]{3,9})L|L([0-7])"
_NTH_WEEKDAY = r"([0-7]|[A-Za-z]{3,9})#(?:([1-5])|(?:L|last|-([1-4])))"
_WORKDAYS = (0, 1, 2, 3, 4)
_MONDAY, _FRIDAY = (0,), (4,)
_LATE = 28  # from that day on, the nearest workday depends on the length of the month


class NotReadError(ValueError):
    """The expression is not a cron of any kind that is read here."""


class Rewrite(NamedTuple):
    """What an expression means, as schedules that Docket accepts, and how it was read."""

    specs: tuple[ScheduleSpec, ...]
    remark: str = ""

    def hint(self) -> str:
        """Return the sentence that says what to write."""
        written = [_written(spec) for spec in self.specs]
        if len(written) > 1:
            text = f"schedule: [{', '.join(written)}]"
        elif self.specs[0].kind is ScheduleKind.CRON:
            text = self.specs[0].text
        else:
            text = f"schedule: {written[0]}"
        return f"write `{text}`{self.remark}"


class _Rule(NamedTuple):
    """Days that fit; None means every day. `from_end` counts from the last day of the month."""

    weekdays: tuple[int, ...] | None = None
    days: tuple[int, ...] | None = None
    from_end: tuple[int, ...] | None = None


class _DayField(NamedTuple):
    """A day field: its plain items as cron text, the rules of the others, and how it combines."""

    plain: str
    rules: tuple[_Rule, ...]
    starred: bool
    both: bool = False  # whether a sign in it requires the other day field to fit too


def rewritten(text: str) -> Rewrite | None:
    """Return what an expression that cron refuses means elsewhere; None if that is unknown."""
    words = text.split() if len(text) <= _LONGEST else []
    try:
        if words[:1] == ["@every"] and len(words) > 1:
            return Rewrite((ScheduleSpec(ScheduleKind.EVERY, " ".join(words[1:])),))
        return _rewritten(words)
    except (NotReadError, ScheduleError):
        return None


def _rewritten(words: Sequence[str]) -> Rewrite:
    second, fields, year, remark = _divided(words)
    if second.startswith("*/") and year == "*" and {*fields} <= {"*", "?"}:
        step = int(second[2:]) if second[2:].isdigit() else 0
        if step and 60 % step == 0:
            return Rewrite((ScheduleSpec(ScheduleKind.EVERY, f"{step}s"),), remark)
    minute, hour, month = (
        _plain(field, word)
        for field, word in zip(
            (MINUTE, HOUR, MONTH), (fields[0], fields[1], fields[3]), strict=True
        )
    )
    day, weekday = _day_field(DAY, fields[2]), _day_field(WEEKDAY, fields[4])
    seconds = field_values(SECOND, _plain(SECOND, second), [])
    years = None if year in ("*", "?") else _sorted(field_values(YEAR, _plain(YEAR, year), []))
    special = day.rules or weekday.rules or day.both or weekday.both
    if seconds == {0} and years is None and not special:
        text = f"{minute} {hour} {day.plain} {month} {weekday.plain}"
        return Rewrite((ScheduleSpec(ScheduleKind.CRON, text),), remark)
    times = Calendar(
        years=years,
        months=_all_or_some(MONTH, month),
        hours=_all_or_some(HOUR, hour),
        minutes=_all_or_some(MINUTE, minute),
        seconds=None if len(seconds) == 60 else _sorted(seconds),
    )
    return Rewrite(
        _calendars(times, _combined(day, weekday)), remark + _numbering(words, fields[4])
    )


def _divided(words: Sequence[str]) -> tuple[str, Sequence[str], str, str]:
    """Return the seconds, the five fields, the year, and what was supposed of the fields."""
    if len(words) == len(FIELDS):
        return "0", words, "*", ""
    if len(words) == len(FIELDS) + 1 and re.fullmatch(_YEAR, words[-1]):
        return "0", words[:-1], words[-1], ", if the last field is the year"
    if len(words) == len(FIELDS) + 1:
        return words[0], words[1:], "*", ", if the first field is the seconds"
    if len(words) == len(FIELDS) + 2:
        remark = ", if the first field is the seconds and the last one the year"
        return words[0], words[1:-1], words[-1], remark
    raise NotReadError


def _numbering(words: Sequence[str], weekday: str) -> str:
    if "?" in words and re.search(r"[0-9]", weekday):
        return " (in Quartz, weekday 1 is Sunday: then it is the day before)"
    return ""


def _plain(field: CronField, text: str) -> str:
    """Return a field as cron writes it. NotReadError."""
    return ",".join(_plain_item(field, item) for item in text.split(","))


def _plain_item(field: CronField, item: str) -> str:
    if match := re.fullmatch(_TO_LAST_DAY, item, re.IGNORECASE) if field is DAY else None:
        return f"{match[1]}-{field.high}"
    match = re.fullmatch(_ITEM, item)
    if match is None:
        raise NotReadError
    if match["step"] and not int(match["step"]):
        raise NotReadError
    if match["star"]:
        return "*" + (f"/{match['every']}" if match["every"] else "")
    low = _short(field, match["low"])
    high = _short(field, match["high"]) if match["high"] else None
    if high is not None and _reversed(field, low, high):
        return wrapped(field, _number(field, low), _number(field, high), int(match["step"] or 1))
    if match["step"] is None:
        return low if high is None else f"{low}-{high}"
    return f"{low}-{high or field.high}/{match['step']}"


def _short(field: CronField, text: str) -> str:
    """Return a value with its name cut to the three letters that cron knows."""
    if text.isdigit():
        return text
    long = text.lower() in field.long_names or text.lower() in field.names
    if not long:
        raise NotReadError
    return text if len(text) == 3 else text[:3].lower()


def _number(field: CronField, text: str) -> int:
    return int(text) if text.isdigit() else field.names[text.lower()]


def _reversed(field: CronField, low: str, high: str) -> bool:
    first, last = _number(field, low), _number(field, high)
    if field is WEEKDAY and last == 0 < first < 7:
        return False  # cron reads `fri-sun` differently
    return first > last


def _day_field(field: CronField, text: str) -> _DayField:
    """Return one of the two day fields. NotReadError."""
    bare = text.removeprefix("+").removesuffix("&")
    plain: list[str] = []
    rules: list[_Rule] = []
    for item in bare.split(","):
        found = _month_days(item) if field is DAY else _weekdays_of_month(item)
        rules.extend(found)
        if not found:
            plain.append(_plain_item(field, item))
    return _DayField(",".join(plain), tuple(rules), bare[:1] in ("*", "?"), both=bare != text)


def _month_days(item: str) -> list[_Rule]:
    if match := re.fullmatch(_LAST_DAYS, item, re.IGNORECASE):
        from_end = int(match[2]) if match[2] else int(match[1] or 0) + 1
        return [_Rule(from_end=(_within(from_end, 28),))]
    match = re.fullmatch(_WORKDAY, item, re.IGNORECASE)
    if match is None:
        return []
    if match[3]:
        return [
            _Rule(weekdays=_WORKDAYS, from_end=(1,)),
            _Rule(weekdays=_FRIDAY, from_end=(2, 3)),
        ]
    return _nearest_workday(int(match[1] or match[2]))


def _nearest_workday(day: int) -> list[_Rule]:
    """Return the workday nearest to a day of the month, which never lies in another month."""
    if day == 1:
        return [_Rule(_WORKDAYS, days=(1,)), _Rule(_MONDAY, days=(2, 3))]
    if not 1 < day < _LATE:
        raise NotReadError
    return [
        _Rule(_WORKDAYS, days=(day,)),
        _Rule(_FRIDAY, days=(day - 1,)),
        _Rule(_MONDAY, days=(day + 1,)),
    ]


def _weekdays_of_month(item: str) -> list[_Rule]:
    if match := re.fullmatch(_LAST_WEEKDAY, item, re.IGNORECASE):
        return [_Rule(_weekday(match[1] or match[2]), from_end=tuple(range(1, 8)))]
    match = re.fullmatch(_NTH_WEEKDAY, item, re.IGNORECASE)
    if match is None:
        return []
    weekday = _weekday(match[1])
    if match[2]:
        first = 7 * int(match[2]) - 6
        return [_Rule(weekday, days=tuple(range(first, min(first + 7, 32))))]
    back = 7 * (int(match[3] or 1) - 1)
    return [_Rule(weekday, from_end=tuple(range(back + 1, back + 8)))]


def _weekday(text: str) -> tuple[int, ...]:
    return ((_number(WEEKDAY, _short(WEEKDAY, text)) + 6) % 7,)


def _within(number: int, highest: int) -> int:
    if not 1 <= number <= highest:
        raise NotReadError
    return number


def _combined(day: _DayField, weekday: _DayField) -> list[_Rule]:
    """Return the days on which both fields agree, or each of them, as cron combines them."""
    by_date, by_weekday = list(day.rules), list(weekday.rules)
    if day.plain:
        by_date.append(_Rule(days=_all_or_some(DAY, day.plain)))
    if weekday.plain:
        values = {(value + 6) % 7 for value in field_values(WEEKDAY, weekday.plain, [])}
        by_weekday.append(_Rule(weekdays=None if len(values) == 7 else _sorted(values)))
    if day.starred or weekday.starred or day.both or weekday.both:
        return [rule for a in by_date for b in by_weekday if (rule := _both(a, b)) is not None]
    return by_date + by_weekday


def _both(a: _Rule, b: _Rule) -> _Rule | None:
    """Return the days that fit both rules; None if there are none. NotReadError."""
    found = _Rule(*(_common(one, other) for one, other in zip(a, b, strict=True)))
    if () in found:
        return None
    if found.days is not None and found.from_end is not None:
        raise NotReadError
    return found


def _common(a: tuple[int, ...] | None, b: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if a is None or b is None:
        return a if b is None else b
    return _sorted({*a} & {*b})


def _calendars(times: Calendar, rules: Sequence[_Rule]) -> tuple[ScheduleSpec, ...]:
    if not rules:
        raise NotReadError
    texts = [
        on_calendar(part)
        for rule in rules
        for part in writable(
            times.changed(weekdays=rule.weekdays, days=rule.days, days_from_end=rule.from_end)
        )
    ]
    return tuple(ScheduleSpec(ScheduleKind.CALENDAR, text) for text in dict.fromkeys(texts))


def _all_or_some(field: CronField, text: str) -> tuple[int, ...] | None:
    values = field_values(field, text, [])
    return None if len(values) == field.high - field.low + 1 else _sorted(values)


def _sorted(values: set[int]) -> tuple[int, ...]:
    return tuple(sorted(values))


def _written(spec: ScheduleSpec) -> str:
    return f"{{{spec.kind}: '{spec.text}'}}"

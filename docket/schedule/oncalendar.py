"""systemd's own calendar expressions, read as systemd 252 reads them (systemd.time(7)).

What its parser takes is taken, oddities included, and what it refuses is refused: an expression
that is accepted here and refused by the service manager would leave a timer that never starts.
"""

from __future__ import annotations

import time

from docket.errors import ScheduleError
from docket.model.record import Record
from docket.model.time.calendar import FIRST_YEAR, LAST_YEAR, Calendar, days_from_civil, next_local
from docket.schedule import refusals
from docket.schedule.components import Bounds, Component, ExpressionReader, Field, field_of
from docket.schedule.zones import is_zone

LONGEST_EXPRESSION = 4096

_YEARS = Bounds(FIRST_YEAR, LAST_YEAR)
_MONTHS = Bounds(1, 12)
_DAYS = Bounds(1, 31)
_HOURS = Bounds(0, 23)
_MINUTES = Bounds(0, 59)
_SECONDS = Bounds(0, 59)
_DAYS_FROM_END = Bounds(1, 28)

_LAST_SECOND = (days_from_civil(LAST_YEAR + 1, 1, 1) * 86_400) - 1

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT: dict[str, Field] = {"hours": (0,), "minutes": (0,)}
_NEW_YEAR: dict[str, Field] = {"months": (1,), "days": (1,), **_MIDNIGHT}
_HALVES: dict[str, Field] = {"months": (1, 7), "days": (1,), **_MIDNIGHT}
_WORDS: dict[str, dict[str, Field]] = {
    "minutely": {},
    "hourly": {"minutes": (0,)},
    "daily": _MIDNIGHT,
    "weekly": {"weekdays": (0,), **_MIDNIGHT},
    "monthly": {"days": (1,), **_MIDNIGHT},
    "quarterly": {"months": (1, 4, 7, 10), "days": (1,), **_MIDNIGHT},
    **dict.fromkeys(("annually", "yearly", "anually"), _NEW_YEAR),
    **dict.fromkeys(("biannually", "bi-annually", "semiannually", "semi-annually"), _HALVES),
}


class OnCalendar(Record):
    """An OnCalendar expression as read.

    `own_zone` says whether the zone is in the text itself. `exact` is False if systemd
    would lose fires of the text as written (see `schedule.emit`), so that it must be written again.
    """

    text: str
    calendar: Calendar
    own_zone: bool
    exact: bool


def parse_on_calendar(text: str, zone: str = "") -> OnCalendar:
    """Return the expression; ScheduleError if systemd refuses it or it can never elapse.

    `zone` is that of an expression that names none itself.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise refusals.too_long(text, LONGEST_EXPRESSION)
    trimmed = text.strip(" \t")
    if not trimmed.isascii() or not trimmed.isprintable():
        raise _refused(text, "only printable ASCII is allowed in it")
    body, own_zone = _split_zone(trimmed)
    if not body:
        raise _refused(text, "it is empty")
    fields, exact, zone_of_fields = _fields(body, text)
    calendar = Calendar(zone=zone_of_fields or own_zone or zone, **fields)
    if next_local(calendar, 0) is None:
        raise ScheduleError(
            f"The calendar expression {refusals.shown(text)} never elapses.",
            code=refusals.NEVER_FIRES,
            hint="name a date that exists"
            + ("" if calendar.weekdays is None else ", and falls on that day of the week"),
        )
    return OnCalendar(trimmed, calendar, own_zone=bool(zone_of_fields or own_zone), exact=exact)


def _split_zone(text: str) -> tuple[str, str]:
    """Return the expression without its zone, and the zone, "" if it names none."""
    if text.lower().endswith(" utc"):
        return text[:-4], "UTC"
    body, blank, last = text.rpartition(" ")
    if blank and is_zone(last):
        return body, last
    return text, ""


def _fields(body: str, text: str) -> tuple[dict[str, Field], bool, str]:
    word = _WORDS.get(body.lower())
    if word is not None:
        return word, True, ""
    reader = ExpressionReader(body)
    try:
        weekdays = _weekdays(reader)
        if reader.peek() == "@":
            return {**_instant(reader), "weekdays": weekdays}, True, "UTC"
        date = _date(reader)
        clock = _time(reader)
    except ValueError as error:
        raise _refused(text, str(error)) from None
    parts = {**date, **clock}
    fields = {name: part.values for name, part in parts.items()}
    return {"weekdays": weekdays, **fields}, all(part.exact for part in parts.values()), ""


def _weekdays(reader: ExpressionReader) -> Field:
    days: set[int] = set()
    begin: int | None = None
    while True:
        day = _weekday(reader)
        if day is None:
            if days:
                raise ValueError(f"no weekday at {reader.rest()!r}")
            return None
        if begin is not None and begin > day:
            raise ValueError("a range of weekdays cannot go past Sunday")
        days.update(range(day if begin is None else begin, day + 1))
        begin = _after_weekday(reader, day, open_range=begin is not None)
        if reader.peek() in ("", " "):
            if begin is not None:
                raise ValueError("a range of weekdays has no end")
            reader.skip_blanks()
            return None if len(days) == 7 else tuple(sorted(days))


def _weekday(reader: ExpressionReader) -> int | None:
    for number, name in enumerate(_WEEKDAYS):
        for spelling in (name, name[:3]):
            if reader.take_word(spelling):
                if reader.peek() not in ("", "-", ".", ",", " "):
                    raise ValueError(f"no weekday at {reader.rest()!r}")
                return number
    return None


def _after_weekday(reader: ExpressionReader, day: int, *, open_range: bool) -> int | None:
    """Take what joins this weekday to the next; return where a range begins, else None."""
    if reader.take(",") or reader.peek() in ("", " "):
        return None
    if open_range or not (reader.take("..") or reader.take("-")):
        raise ValueError(f"weekdays are joined by commas or by `..`, not by {reader.rest()!r}")
    return day


def _instant(reader: ExpressionReader) -> dict[str, Field]:
    reader.take("@")
    seconds = reader.number(_LAST_SECOND)
    if reader.peek():
        raise ValueError("nothing may follow the seconds since the epoch")
    moment = time.gmtime(seconds)
    return {
        "years": (moment.tm_year,),
        "months": (moment.tm_mon,),
        "days": (moment.tm_mday,),
        "hours": (moment.tm_hour,),
        "minutes": (moment.tm_min,),
        "seconds": (moment.tm_sec,),
    }


class _Part:
    """One field of the expression: its values, and whether systemd finds them all itself."""

    __slots__ = ("exact", "values")

    def __init__(self, values: Field, *, exact: bool) -> None:
        self.values = values
        self.exact = exact


def _date(reader: ExpressionReader) -> dict[str, _Part]:
    """Take `[YEAR-]MONTH-DAY` if it comes next; nothing if a time comes instead."""
    if not reader.peek():
        return {}
    mark = reader.at
    first = reader.chain()
    if reader.peek() in ("", ":"):
        reader.at = mark
        return {}
    from_end = _separator(reader)
    second = reader.chain()
    if reader.peek() in ("", " "):
        reader.skip_blanks()
        return {"months": _part(first, _MONTHS, "months"), **_days(second, from_end=from_end)}
    if from_end:
        raise ValueError("`~` comes before the day")
    from_end = _separator(reader)
    third = reader.chain()
    if reader.peek() not in ("", " "):
        raise ValueError(f"the date is followed by {reader.rest()!r}")
    reader.skip_blanks()
    years = None if first is None else [part.with_century() for part in first]
    return {
        "years": _part(years, _YEARS, "years"),
        "months": _part(second, _MONTHS, "months"),
        **_days(third, from_end=from_end),
    }


def _separator(reader: ExpressionReader) -> bool:
    """Take `-` or `~`; return whether it was `~`."""
    if reader.take("~"):
        return True
    if reader.take("-"):
        return False
    raise ValueError(f"a date is written YEAR-MONTH-DAY, and {reader.rest()!r} does not fit")


def _days(chain: list[Component] | None, *, from_end: bool) -> dict[str, _Part]:
    if not from_end or chain is None:
        return {"days": _part(chain, _DAYS, "days")}
    values, exact = field_of(chain, _DAYS_FROM_END, "days", from_end=True)
    return {"days_from_end": _Part(values, exact=exact)}


def _part(chain: list[Component] | None, bounds: Bounds, name: str) -> _Part:
    if chain is None:
        return _Part(None, exact=True)
    values, exact = field_of(chain, bounds, name)
    return _Part(values, exact=exact)


def _time(reader: ExpressionReader) -> dict[str, _Part]:
    """Take `HOUR:MINUTE[:SECOND]` to the end; midnight if nothing is left."""
    zero = _Part((0,), exact=True)
    if not reader.peek():
        return {"hours": zero, "minutes": zero, "seconds": zero}
    hours = _part(reader.chain(), _HOURS, "hours")
    if not reader.take(":"):
        raise ValueError(f"a time is written HOUR:MINUTE, and {reader.rest()!r} does not fit")
    minutes = _part(reader.chain(), _MINUTES, "minutes")
    seconds = zero
    if reader.peek():
        if not reader.take(":"):
            raise ValueError(f"the time is followed by {reader.rest()!r}")
        seconds = _part(reader.chain(seconds=True), _SECONDS, "seconds")
    if reader.peek():
        raise ValueError(f"the time is followed by {reader.rest()!r}")
    return {"hours": hours, "minutes": minutes, "seconds": seconds}


def _refused(text: str, why: str) -> ScheduleError:
    return ScheduleError(
        f"{refusals.shown(text)} is not a calendar expression: {why}.",
        code=refusals.SYNTAX,
        hint="write systemd's form, such as `Mon..Fri *-*-* 09:00:00 Europe/Berlin`; "
        "see systemd.time(7) and try `systemd-analyze calendar`",
    )

"""Calendar schedules as sets of fields, and the instants they name.

The rules are systemd's (systemd.time(7), measured on 252): a local time that daylight saving
skips does not fire, one that it repeats fires in its first pass only, years run from 1970 to 2199.
A schedule is evaluated field by field, so a distant instant costs no more than a near one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Field = tuple[int, ...] | None
    OffsetAt = Callable[[int], int]

FIRST_YEAR = 1970
LAST_YEAR = 2199

_DAY = 86_400
_SECOND_US = 1_000_000
# No zone is further from UTC than 15 hours and none shifts twice within a day and a half, so the
# offsets this far before and after a local time are those around the nearest transition.
_OFFSET_WINDOW = 16 * 3600
# A clock that was set back was set back by less than this (three hours is the most in practice).
_LONGEST_OVERLAP = 4 * 3600
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Calendar:
    """One OnCalendar expression in evaluable form.

    Every field is a sorted tuple of the values that match, or None if every value does.
    `weekdays` count from Monday = 0; `days_from_end` count from the last day of the month = 1 and
    exclude `days`. `zone` is "" for the machine's own zone, "UTC", or an IANA name.
    """

    __slots__ = (
        "days",
        "days_from_end",
        "hours",
        "minutes",
        "months",
        "seconds",
        "weekdays",
        "years",
        "zone",
    )

    def __init__(
        self,
        *,
        weekdays: Field = None,
        years: Field = None,
        months: Field = None,
        days: Field = None,
        days_from_end: Field = None,
        hours: Field = None,
        minutes: Field = None,
        seconds: Field = (0,),
        zone: str = "",
    ) -> None:
        self.weekdays = weekdays
        self.years = years
        self.months = months
        self.days = days
        self.days_from_end = days_from_end
        self.hours = hours
        self.minutes = minutes
        self.seconds = seconds
        self.zone = zone

    def changed(self, **changes: Field) -> Calendar:
        """Return the same calendar with other values in the fields that are named."""
        fields = {name: getattr(self, name) for name in Calendar.__slots__}
        return Calendar(**{**fields, **changes})

    def to_json(self) -> dict[str, Any]:
        """Return the form for the plan file, without the fields that match everything."""
        document: dict[str, Any] = {"zone": self.zone}
        for name in _FIELDS:
            value = getattr(self, name)
            if value is not None:
                document[name] = list(value)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Calendar:
        """Return the calendar that `to_json` wrote; ValueError if `document` is none."""
        try:
            fields = {name: _field_from_json(document.get(name)) for name in _FIELDS}
            zone = document.get("zone", "")
        except (AttributeError, TypeError):
            raise ValueError("not a calendar") from None
        if not isinstance(zone, str):
            raise ValueError("a calendar's zone is text")  # noqa: TRY004  (one class for bad JSON)
        return cls(zone=zone, **fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Calendar({self.to_json()})"

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in Calendar.__slots__)


_FIELDS = tuple(name for name in Calendar.__slots__ if name != "zone")


def _field_from_json(value: Sequence[Any] | None) -> Field:
    if value is None:
        return None
    if not all(type(part) is int for part in value):
        raise ValueError("a calendar's field holds something that is not a whole number")
    return tuple(value)


def utc_offset(_seconds: int) -> int:
    """Return UTC's offset from itself, for calendars whose zone is "UTC"."""
    return 0


def next_after(calendar: Calendar, after_us: int, offset_at: OffsetAt) -> int | None:
    """Return the first fire strictly after `after_us` (microseconds), None if there is none.

    `offset_at` gives the zone's offset from UTC, in seconds, at an instant in seconds.
    """
    begin = after_us // _SECOND_US
    offset = offset_at(begin)
    local = next_local(calendar, begin + offset + 1)
    while local is not None:
        instant = instant_of(local, offset_at)
        if instant is not None:
            # Asked inside a second pass, systemd answers within it: it never goes back.
            return (instant if instant > begin else local - offset) * _SECOND_US
        local = next_local(calendar, (local // 60 + 1) * 60)  # a gap ends with a minute
    return None


def previous_at_or_before(calendar: Calendar, at_us: int, offset_at: OffsetAt) -> int | None:
    """Return the last fire at or before `at_us` (microseconds), None if there is none."""
    last = at_us // _SECOND_US
    # In a second pass the last first-pass reading is later than what the clock shows.
    local = last + max(offset_at(last), offset_at(last - _LONGEST_OVERLAP))
    found = previous_local(calendar, local)
    while found is not None:
        instant = instant_of(found, offset_at)
        if instant is not None and instant <= last:
            return instant * _SECOND_US
        found = previous_local(calendar, found // 60 * 60 - 1 if instant is None else found - 1)
    return None


def instant_of(local: int, offset_at: OffsetAt) -> int | None:
    """Return the first instant (seconds) at which a clock of the zone shows `local`.

    `local` counts seconds as if the clock were UTC's. None if daylight saving skips it.
    """
    before = offset_at(local - _OFFSET_WINDOW)
    after = offset_at(local + _OFFSET_WINDOW)
    if before == after or offset_at(local - before) == before:
        return local - before
    return local - after if offset_at(local - after) == after else None


def next_local(calendar: Calendar, local: int) -> int | None:
    """Return the first matching local second at or after `local`, whatever the zone."""
    day, second = divmod(local, _DAY)
    if _day_matches(calendar, day):
        found = _time_at_or_after(calendar, second)
        if found is not None:
            return day * _DAY + found
    next_day = _day_at_or_after(calendar, day + 1)
    if next_day is None:
        return None
    time = _time_at_or_after(calendar, 0)
    return None if time is None else next_day * _DAY + time


def previous_local(calendar: Calendar, local: int) -> int | None:
    """Return the last matching local second at or before `local`, whatever the zone."""
    day, second = divmod(local, _DAY)
    if _day_matches(calendar, day):
        found = _time_at_or_before(calendar, second)
        if found is not None:
            return day * _DAY + found
    last_day = _day_at_or_before(calendar, day - 1)
    if last_day is None:
        return None
    time = _time_at_or_before(calendar, _DAY - 1)
    return None if time is None else last_day * _DAY + time


def days_from_civil(year: int, month: int, day: int) -> int:
    """Return the number of days from 1970-01-01 to a date of the Gregorian calendar."""
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Return (year, month, day) of the date that is `days` after 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    part = (5 * of_year + 2) // 153
    day = of_year - (153 * part + 2) // 5 + 1
    month = part + 3 if part < 10 else part - 9
    return year + era * 400 + (month <= 2), month, day


def month_length(year: int, month: int) -> int:
    """Return the number of days in a month."""
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return _MONTH_LENGTHS[month]


def _day_matches(calendar: Calendar, days: int) -> bool:
    if calendar.weekdays is not None and (days + 3) % 7 not in calendar.weekdays:
        return False
    year, month, day = civil_from_days(days)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return False
    if calendar.years is not None and year not in calendar.years:
        return False
    if calendar.months is not None and month not in calendar.months:
        return False
    if calendar.days_from_end is not None:
        return month_length(year, month) - day + 1 in calendar.days_from_end
    return calendar.days is None or day in calendar.days


def _matching_days(calendar: Calendar, year: int, month: int) -> list[int]:
    length = month_length(year, month)
    if calendar.days_from_end is not None:
        days = [length - back + 1 for back in reversed(calendar.days_from_end)]
    elif calendar.days is not None:
        days = [day for day in calendar.days if day <= length]
    else:
        days = list(range(1, length + 1))
    wanted = calendar.weekdays
    if wanted is None:
        return days
    shift = days_from_civil(year, month, 1) + 2
    return [day for day in days if (shift + day) % 7 in wanted]


def _day_at_or_after(calendar: Calendar, days: int) -> int | None:
    year, month, day = civil_from_days(days)
    if year < FIRST_YEAR:
        year, month, day = FIRST_YEAR, 1, 1
    years = calendar.years or range(year, LAST_YEAR + 1)
    months = calendar.months or range(1, 13)
    for candidate in years:
        if not year <= candidate <= LAST_YEAR:
            continue
        for in_month in months:
            begun = candidate == year and in_month <= month
            if begun and in_month < month:
                continue
            for in_day in _matching_days(calendar, candidate, in_month):
                if not begun or in_day >= day:
                    return days_from_civil(candidate, in_month, in_day)
    return None


def _day_at_or_before(calendar: Calendar, days: int) -> int | None:
    year, month, day = civil_from_days(days)
    if year > LAST_YEAR:
        year, month, day = LAST_YEAR, 12, 31
    years = calendar.years or range(FIRST_YEAR, year + 1)
    months = calendar.months or range(1, 13)
    for candidate in reversed(years):
        if not FIRST_YEAR <= candidate <= year:
            continue
        for in_month in reversed(months):
            begun = candidate == year and in_month >= month
            if begun and in_month > month:
                continue
            for in_day in reversed(_matching_days(calendar, candidate, in_month)):
                if not begun or in_day <= day:
                    return days_from_civil(candidate, in_month, in_day)
    return None


def _time_at_or_after(calendar: Calendar, second: int) -> int | None:
    """Return the first matching second of the day from `second` on, None if the day is over."""
    hour, rest = divmod(second, 3600)
    minute, second = divmod(rest, 60)
    found = _at_or_after(calendar.seconds, second, 59)
    if found is None:
        minute += 1
    in_minute = _at_or_after(calendar.minutes, minute, 59)
    if in_minute is None:
        hour += 1
    in_hour = _at_or_after(calendar.hours, hour, 23)
    if in_hour is None:
        return None
    if in_hour != hour or in_minute is None:
        in_minute = calendar.minutes[0] if calendar.minutes else 0
        found = None
    elif in_minute != minute:
        found = None
    if found is None:
        found = calendar.seconds[0] if calendar.seconds else 0
    return in_hour * 3600 + in_minute * 60 + found


def _time_at_or_before(calendar: Calendar, second: int) -> int | None:
    """Return the last matching second of the day up to `second`, None if there is none yet."""
    hour, rest = divmod(second, 3600)
    minute, second = divmod(rest, 60)
    found = _at_or_before(calendar.seconds, second)
    if found is None:
        minute -= 1
    in_minute = _at_or_before(calendar.minutes, minute)
    if in_minute is None:
        hour -= 1
    in_hour = _at_or_before(calendar.hours, hour)
    if in_hour is None:
        return None
    if in_hour != hour or in_minute is None:
        in_minute = calendar.minutes[-1] if calendar.minutes else 59
        found = None
    elif in_minute != minute:
        found = None
    if found is None:
        found = calendar.seconds[-1] if calendar.seconds else 59
    return in_hour * 3600 + in_minute * 60 + found


def _at_or_after(values: Field, value: int, largest: int) -> int | None:
    if values is None:
        return value if value <= largest else None
    for candidate in values:
        if candidate >= value:
            return candidate
    return None


def _at_or_before(values: Field, value: int) -> int | None:
    if values is None:
        return value if value >= 0 else None
    for candidate in reversed(values):
        if candidate <= value:
            return candidate
    return None

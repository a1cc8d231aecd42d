"""Instants in users' words: dates and times, `tomorrow 06:00`, `2 days ago`, `@EPOCH`.

The words are those of systemd.time(7), and ISO 8601 besides.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from docket.errors import UsageError
from docket.model.time.span import parse_span

HINT = (
    "write 2026-11-20 09:00, 09:00, yesterday, tomorrow 06:00 or 2 days ago; "
    "a time without a zone is local"
)
_LONGEST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_NUMBER = r"[0-9.]+"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WRITTEN = (
    r"(?:(?P<weekday>(?!yesterday|today|tomorrow)[A-Za-z]{3,9}),? +(?=[0-9]))?"
    r"(?:(?P<day>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{8}"
    r"|yesterday|today|tomorrow)(?:T| +|$))?"
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r" *(?P<zone>[+-][0-9]{2}(?::?[0-9]{2})?|[A-Za-z][A-Za-z0-9_+/-]*)?"
)


class WrongDateError(ValueError):
    """The text has the form of a date or time, but no such date or time exists."""


class Written(NamedTuple):
    """A date and time as they were written; what was left out is None.

    `day` is an ISO date or one of `yesterday`, `today`, `tomorrow`; `zone` is an offset, `UTC` or
    the name of a zone.
    """

    day: str | None
    clock: tuple[int, int, int, int] | None  # hours, minutes, seconds, microseconds
    zone: str | None

    @property
    def absolute(self) -> bool:
        """Whether the day is named by its date."""
        return self.day is not None and self.day not in _DAYS


def read_instant(name: str, text: str, now_us: int, *, ahead: bool = False) -> int:
    """Return the instant that `text` means, in microseconds since the epoch.

    A span without a direction counts back from `now_us`, or forward if `ahead`. `name` is the
    option or argument, for the UsageError if `text` is not an instant.
    """
    try:
        return max(_read(text.strip(), now_us, ahead=ahead), 0)
    except (ValueError, OverflowError, OSError) as error:
        raise _refusal(name, text, error) from None


def parse_written(text: str) -> Written | None:
    """Return the parts of a date and time; None if `text` has another form.

    WrongDateError, with the reason, if there is no such date or it is another weekday.
    """
    found = (
        re.fullmatch(_WRITTEN, text, re.IGNORECASE | re.ASCII) if len(text) <= _LONGEST else None
    )
    if found is None or not (found["day"] or found["hour"]):
        return None
    day = _day(found["day"]) if found["day"] else None
    if found["weekday"]:
        _check_weekday(found["weekday"].lower(), day)
    return Written(day, _clock(found), found["zone"])


def _read(text: str, now_us: int, *, ahead: bool) -> int:
    if text.startswith("@"):
        return _seconds_since_epoch(text[1:])
    if text.lower() == "now":
        return now_us
    if re.fullmatch(_NUMBER, text) and len(text) != 8:
        raise ValueError(text)
    written = parse_written(text)
    if written is not None:
        return _resolve(written, now_us)
    sign, span = _direction(text, ahead=ahead)
    try:
        return now_us + sign * int(parse_span(span) * 1_000_000)
    except ValueError:
        return _microseconds_since_epoch(datetime.fromisoformat(text).astimezone())


def _direction(text: str, *, ahead: bool) -> tuple[int, str]:
    """Return which way a span counts, and the span itself."""
    if text[:1] in ("+", "-"):
        return (1 if text[0] == "+" else -1), text[1:]
    for word, sign in (("ago", -1), ("left", 1)):
        span = text.removesuffix(word)
        if span != text and span[-1:] in (" ", "\t"):
            return sign, span
    return (1 if ahead else -1), text


def _resolve(written: Written, now_us: int) -> int:
    zone = _zone(written.zone)
    now = (_EPOCH + timedelta(microseconds=now_us)).astimezone(zone)
    if written.absolute:
        day = datetime.fromisoformat(written.day or "")
    else:
        day = datetime(now.year, now.month, now.day) + timedelta(days=_DAYS[written.day or "today"])  # noqa: DTZ001
    hour, minute, second, microsecond = written.clock or (0, 0, 0, 0)
    moment = day.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return _microseconds_since_epoch(moment.replace(tzinfo=zone) if zone else moment.astimezone())


def _zone(name: str | None) -> tzinfo | None:
    """Return the zone that was written; None is the machine's."""
    if name is None:
        return None
    if name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-offset if name[0] == "-" else offset)
    from zoneinfo import ZoneInfo  # noqa: PLC0415  (few instants name a zone)

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise WrongDateError(f"{_shown(name)} is not a time zone of this machine") from None


def _day(text: str) -> str:
    word = text.lower()
    if word in _DAYS:
        return word
    if "-" in text:
        year, month, day = map(int, text.split("-"))
        if len(text.split("-", maxsplit=1)[0]) == 2:
            year += 1900 if year >= 69 else 2000
    else:
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    try:
        return datetime(year, month, day).date().isoformat()  # noqa: DTZ001  (a date has no zone)
    except ValueError:
        raise WrongDateError(f"there is no date {_shown(text)}") from None


def _clock(found: re.Match[str]) -> tuple[int, int, int, int] | None:
    if found["hour"] is None:
        return None
    fraction = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    clock = int(found["hour"]), int(found["minute"]), int(found["second"] or 0), fraction
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 59:
        raise WrongDateError(f"there is no time of day {_shown(found[0])}")
    return clock


def _check_weekday(word: str, day: str | None) -> None:
    meant = [name for name in _WEEKDAYS if word in (name, name[:3])]
    if not meant or day is None or day in _DAYS:
        raise WrongDateError(f"{_shown(word)} is not a day of the week before a date")
    true = _WEEKDAYS[datetime.fromisoformat(day).weekday()]
    if true != meant[0]:
        raise WrongDateError(f"{day} is a {true.capitalize()}, not a {meant[0].capitalize()}")


def _seconds_since_epoch(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,11}(?:\.[0-9]{1,9})?", text):
        raise WrongDateError("@ must be followed by the seconds since 1970")
    whole, _, fraction = text.partition(".")
    return int(whole) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _microseconds_since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _refusal(name: str, text: str, error: Exception) -> UsageError:
    plain = text.strip()
    if re.fullmatch(_NUMBER, plain):
        hint = (
            f"write {plain}min or {plain}d for a span, or a date such as 2026-11-20"
            if len(plain) <= 4
            else "write a date such as 2026-11-20, or @ before the seconds since 1970"
        )
        return UsageError(f"{name} is {_shown(text)}, a number without a unit.", hint=hint)
    reason = f": {error}" if isinstance(error, WrongDateError) else ""
    return UsageError(f"{name} is {_shown(text)}, which is not an instant{reason}.", hint=HINT)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:57] + "...")

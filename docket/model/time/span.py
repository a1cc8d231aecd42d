"""Spans of time as systemd writes them: "90", "5min", "1h 30min", "2d"."""

from __future__ import annotations

_US = 1_000_000
_DAY = 86_400 * _US
# systemd.time(7); a month is 30.44 days there, and a year 365.25.
_UNITS_US = {
    name: size
    for names, size in (
        ("us usec µs μs", 1),
        ("ms msec", 1000),
        ("s sec second seconds", _US),
        ("m min minute minutes", 60 * _US),
        ("h hr hour hours", 3600 * _US),
        ("d day days", _DAY),
        ("w week weeks", 7 * _DAY),
        ("M month months", 2_629_800 * _US),
        ("y year years", 31_557_600 * _US),
    )
    for name in names.split()
}
_WRITTEN = (("d", _DAY), ("h", 3600 * _US), ("min", 60 * _US), ("s", _US), ("ms", 1000), ("us", 1))
_DIGITS = frozenset("0123456789")
_LONGEST_TEXT = 200
_LONGEST_SECONDS = 100 * 31_557_600


def parse_span(value: str | float) -> float:
    """Return a span in seconds; a number without a unit is in seconds.

    ValueError, with a sentence for the user, if `value` is not a finite span of 0 to 100 years.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a span of time")  # noqa: TRY004  (one class to catch)
    seconds = _parse_text(value) if isinstance(value, str) else value
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"a span of time lies between 0 and 100 years, not {value!r}")
    return float(seconds)


def format_span(seconds: float) -> str:
    """Return a span as unit files take it, exact to the microsecond: 5400 becomes `1h 30min`."""
    if seconds == float("inf"):
        return "infinity"
    left = round(seconds * _US)
    if left < 0:
        raise ValueError(f"a span of time is not negative: {seconds!r}")
    parts = []
    for name, size in _WRITTEN:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts) or "0"


def _parse_text(text: str) -> float:
    rest = text.strip(" \t")
    if not rest or len(rest) > _LONGEST_TEXT:
        raise ValueError(_sentence(text))
    total_us = 0.0
    while rest:
        number, rest = _split_number(rest, text)
        unit, rest = _split_unit(rest)
        size = _UNITS_US.get(unit or "s")
        if size is None:
            raise ValueError(_sentence(text) + f"; there is no unit {unit!r}")
        total_us += float(number) * size
    return total_us / _US


def _split_number(rest: str, text: str) -> tuple[str, str]:
    end = 0
    rest = rest.removeprefix("+")
    while end < len(rest) and (rest[end] in _DIGITS or rest[end] == "."):
        end += 1
    number = rest[:end]
    if number.count(".") > 1 or number[-1:] not in _DIGITS:
        raise ValueError(_sentence(text))
    return number, rest[end:].lstrip(" \t")


def _split_unit(rest: str) -> tuple[str, str]:
    end = 0
    while end < len(rest) and rest[end] not in _DIGITS and rest[end] not in " \t.+":
        end += 1
    return rest[:end], rest[end:].lstrip(" \t")


def _sentence(text: str) -> str:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"{shown!r} is not a span of time like 90s, 5min, 1h 30min or 2d"

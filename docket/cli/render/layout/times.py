"""Instants and durations for people: local time with its zone, and how long ago."""

from __future__ import annotations

import time
from datetime import datetime

from docket.model.time.humantime import local

MINUTE = 60
HOUR = 3600
DAY = 86400


def weekday_and_local(at_us: int) -> str:
    """Return an instant in the machine's zone with the day of the week, for forecasts."""
    try:
        moment = time.localtime(at_us // 1_000_000)
    except (OverflowError, ValueError, OSError):
        return f"@{at_us // 1_000_000}"
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return f"{names[moment.tm_wday]} {local(at_us)}"


def from_iso(text: str | None) -> int | None:
    """Return an ISO-8601 instant as microseconds since the epoch; None if it is not one."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return None
        return int(moment.timestamp()) * 1_000_000 + moment.microsecond
    except (ValueError, OverflowError):
        return None


def relative(at_us: int, now_us: int) -> str:
    """Return how far an instant is from now: `3 min ago`, `in 2 h`, `now`."""
    distance = abs(at_us - now_us) / 1_000_000
    if distance < 1:
        return "now" if at_us > now_us else "just now"
    span = _rounded(distance)
    return f"in {span}" if at_us > now_us else f"{span} ago"


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{int(seconds)} s"
    if seconds < 90 * MINUTE:
        return f"{round(seconds / MINUTE)} min"
    if seconds < 48 * HOUR:
        return f"{round(seconds / HOUR)} h"
    days = round(seconds / DAY)
    if days < 60:
        return f"{days} d"
    return f"{days // 365} y {days % 365} d" if days >= 365 else f"{days} d"


def failing_text(failures: int, since_us: int | None, now_us: int) -> str:
    """Return how many runs in a row have failed and since when, in brackets; empty for one."""
    if failures < 2:
        return ""
    since = "" if since_us is None else f" since {relative(since_us, now_us)}"
    return f" ({failures} in a row{since})"

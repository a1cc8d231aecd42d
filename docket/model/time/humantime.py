"""Instants and durations as people read them."""

from __future__ import annotations

import time

_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def local(at_us: int, *, seconds: bool = True) -> str:
    """Return an instant (microseconds since the epoch) in the machine's zone, zone included."""
    try:
        moment = time.localtime(at_us // 1_000_000)
    except (OverflowError, ValueError, OSError):
        return f"@{at_us // 1_000_000}"
    return time.strftime("%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M %Z", moment)


def duration(seconds: float | None) -> str:
    """Return a duration with the precision that its size deserves; empty for None."""
    if seconds is None:
        return ""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.{2 if seconds < 9.995 else 1}f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    """Return a duration in two units, or in one if it is a whole number of those."""
    rest = seconds % large // small
    whole = f"{seconds // large} {large_name}"
    return f"{whole} {rest:02d} {small_name}" if rest else whole

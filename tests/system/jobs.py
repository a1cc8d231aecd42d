"""The tasks that the system tests schedule, and the instants they are due at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any


def command(*words: str, **keys: Any) -> dict[str, Any]:
    """Return a command task."""
    return {"type": "command", "command": list(words), **keys}


def shell(script: str, **keys: Any) -> dict[str, Any]:
    """Return a command task that is a shell script."""
    return command("/bin/sh", "-c", script, **keys)


def daily_at(instant: datetime) -> dict[str, str]:
    """Return a schedule that fires every day at the time of `instant`."""
    return {"calendar": f"*-*-* {instant:%H:%M:%S} UTC"}


def seconds_from_now(seconds: float) -> datetime:
    """Return a whole second that lies ahead (or, negative, behind) by at least so much."""
    instant = datetime.now(UTC) + timedelta(seconds=seconds)
    whole = instant.replace(microsecond=0)
    return whole if seconds < 0 or whole == instant else whole + timedelta(seconds=1)


def instant_of(text: str) -> datetime:
    """Return the instant that a JSON document names."""
    return datetime.fromisoformat(text)

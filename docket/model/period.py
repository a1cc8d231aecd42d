"""The periods of `once_per`: a stretch of the calendar in which one success is enough."""

from __future__ import annotations

from enum import StrEnum


class Period(StrEnum):
    """A stretch of the calendar; a week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

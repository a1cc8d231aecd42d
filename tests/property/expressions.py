"""Random schedules: valid cron expressions, and calendar expressions valid or nearly so."""

from __future__ import annotations

import random

# Pacific/Chatham is left out: systemd 252 itself fails on its gap, which begins at 02:45.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "America/St_Johns",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Beirut",
    "Europe/Dublin",
    "Pacific/Apia",
    "America/Nuuk",
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "monday", "sunday", "FRIDAY")


def cron_expression(rng: random.Random) -> str:
    """Return a valid expression; its date may be one that never comes."""
    return " ".join(_field(rng, index) for index in range(5))


def _field(rng: random.Random, index: int) -> str:
    roll = rng.random()
    if roll < (0.15, 0.3, 0.4, 0.55, 0.4)[index]:
        return "*"
    return ",".join(_item(rng, index) for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))))


def _item(rng: random.Random, index: int) -> str:
    low, high = _FIELDS[index]
    roll = rng.random()
    if roll < 0.25:
        return f"*/{_step(rng, index)}" if rng.random() < 0.8 else "*"
    first = rng.randint(low, high)
    if roll < 0.55:
        return _written(rng, index, first)
    last = rng.randint(first, high)
    step = f"/{_step(rng, index)}" if rng.random() < 0.5 else ""
    if index == 4 and first > 0 and rng.random() < 0.1:
        return f"{_written(rng, index, first)}-{rng.choice(('sun', '0'))}{step}"
    return f"{_written(rng, index, first)}-{_written(rng, index, last)}{step}"


def _step(rng: random.Random, index: int) -> int:
    return (
        rng.choice((1, 2, 3, 5, 7, 8, 10, 13, 15, 25, 30, 45, 90))
        if index < 2
        else rng.randint(1, 9)
    )


def _written(rng: random.Random, index: int, value: int) -> str:
    if index == 3 and rng.random() < 0.3:
        return _any_case(rng, _MONTHS[value - 1])
    if index == 4 and value < 7 and rng.random() < 0.3 and value:
        return _any_case(rng, _DAYS[value])
    return f"{value:02d}" if rng.random() < 0.2 else str(value)


def _any_case(rng: random.Random, word: str) -> str:
    return rng.choice((word, word.upper(), word.capitalize()))


def calendar_expression(rng: random.Random) -> str:
    """Return something that looks like an OnCalendar expression, often a valid one."""
    roll = rng.random()
    if roll < 0.04:
        words = ("minutely", "Hourly", "daily", "weekly", "monthly", "quarterly", "yearly")
        return rng.choice((*words, "annually", "anually", "semi-annually", "biannually"))
    if roll < 0.06:
        return f"@{rng.randint(0, 4_000_000_000)}"
    parts = []
    if rng.random() < 0.4:
        parts.append(_weekdays(rng))
    if rng.random() < 0.7:
        parts.append(_date(rng))
    if rng.random() < 0.8 or not parts:
        parts.append(_clock(rng))
    if rng.random() < 0.15:
        parts.append(rng.choice(("UTC", "utc", "Europe/Berlin", "Asia/Kolkata", "Nowhere", "EST")))
    return (" " * rng.choice((1, 1, 1, 1, 2))).join(parts)


def _weekdays(rng: random.Random) -> str:
    items = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        item = rng.choice(_WEEKDAYS)
        if rng.random() < 0.3:
            item += rng.choice(("..", "-")) + rng.choice(_WEEKDAYS)
        items.append(item)
    return ",".join(items) + ("," if rng.random() < 0.05 else "")


def _date(rng: random.Random) -> str:
    between = "~" if rng.random() < 0.25 else "-"
    day = _component(rng, 1, 28 if between == "~" and rng.random() < 0.9 else 31)
    month = _component(rng, 1, 12)
    if rng.random() < 0.3:
        return f"{month}{between}{day}"
    year = rng.choice(("*", "*", "*", "*", _component(rng, 2024, 2040), _component(rng, 20, 45)))
    return f"{year}-{month}{between}{day}"


def _clock(rng: random.Random) -> str:
    clock = f"{_component(rng, 0, 23)}:{_component(rng, 0, 59)}"
    roll = rng.random()
    if roll < 0.4:
        return clock
    return f"{clock}:{_component(rng, 0, 59) if roll < 0.6 else '00'}"


def _component(rng: random.Random, low: int, high: int) -> str:
    if rng.random() < 0.35:
        return "*"
    items = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        first = rng.randint(low, high)
        text = f"{first:02d}" if rng.random() < 0.7 else str(first)
        if rng.random() < 0.4:
            text += f"..{rng.randint(first - (rng.random() < 0.1), high)}"
        if rng.random() < 0.35:
            text += f"/{rng.choice((1, 1, 2, 3, 4, 5, 7, 8, 12, 15, 30))}"
        items.append(text)
    return ",".join(items)

"""The keys that say when a task runs and how long it may take."""

from __future__ import annotations

import math

from docket.config.entry import Entry
from docket.config.nodes import Path, Scalar, Section, Sequence
from docket.model.schedule import ScheduleKind, ScheduleSpec
from docket.model.span import parse_span

_SPAN = 'a span of time such as 90 (seconds), "5min" or "1h 30min"'
_ENDLESS = frozenset({"none", "infinity"})


def schedules(entry: Entry) -> tuple[ScheduleSpec, ...]:
    """Return the triggers as written; they are understood elsewhere."""
    node = entry.node("schedule")
    if isinstance(node, Sequence):
        specs = [_trigger(entry, ("schedule", i)) for i in range(len(node.items))]
    else:
        specs = [] if node is None else [_trigger(entry, ("schedule",))]
    return tuple(spec for spec in specs if spec is not None)


def _trigger(entry: Entry, path: Path) -> ScheduleSpec | None:
    node = entry.node(*path)
    kind = ScheduleKind.CRON
    if isinstance(node, Section):
        (name,) = node.entries
        kind = ScheduleKind(name)
        path = (*path, name)
    text = entry.line(*path)
    return None if text is None else ScheduleSpec(kind, text, entry.path(*path))


def span(entry: Entry, key: str, default: float) -> float:
    """Return the span under `key` in seconds."""
    node = entry.node(key)
    return default if node is None else _parse(entry, key, default)


def run_timeout(entry: Entry, default: float) -> float | None:
    """Return the longest time of a whole run in seconds, None where it has no limit."""
    value = entry.value("timeout", default)
    if value == math.inf or (isinstance(value, str) and value.strip().lower() in _ENDLESS):
        return None
    seconds = span(entry, "timeout", default)
    if seconds == 0:
        entry.problem(
            ("timeout",),
            "a timeout of 0 would end every run at once",
            expected='a span of time such as "2h", or `none`',
        )
    return seconds


def seconds_or_none(entry: Entry, key: str) -> float | None:
    """Return a plain number of seconds, None where there is no limit: null, 0 or .inf."""
    value = entry.value(key)
    return float(value) if value and value != math.inf else None


def catch_up(entry: Entry) -> bool | float:
    """Return whether a missed fire runs, or up to which age in seconds."""
    value = entry.value("catch_up", default=True)
    if isinstance(value, bool):
        return value
    return _parse(entry, "catch_up", 0.0) or False


def _parse(entry: Entry, key: str, default: float) -> float:
    node = entry.node(key)
    try:
        return parse_span(node.value) if isinstance(node, Scalar) else default
    except ValueError as error:
        entry.problem((key,), f"`{key}`: {error}", expected=_SPAN)
        return default

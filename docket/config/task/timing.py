"""The keys that say when a task runs and how long it may take."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander
from docket.config.task.watching import watched_path
from docket.config.yaml.nodes import Node, Path, Scalar, Section, Sequence
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.time.span import parse_span

_SPAN = 'a span of time such as 90 (seconds), "5min" or "1h 30min"'
# systemd.time(7): "weekly" is Monday there, and @weekly is cron's Sunday.
_CALENDAR_WORDS = frozenset(
    {
        "minutely",
        "hourly",
        "daily",
        "weekly",
        "monthly",
        "quarterly",
        "semiannually",
        "semi-annually",
        "biannually",
        "bi-annually",
        "yearly",
        "annually",
        "anually",
    }
)
# A time, or a date with all its parts; no field of cron has either.
_CALENDAR_SIGN = re.compile(r"[\d*]:[\d*]|[\d*]-[\d*/,]+-[\d*]")
_MOST_CALENDAR_WORDS = 4  # weekdays, date, time and zone
_ENDLESS = frozenset({"none", "infinity"})


def schedules(entry: TaskEntry, expander: Expander) -> tuple[ScheduleSpec, ...]:
    """Return the triggers as written; but for their paths they are understood elsewhere."""
    places = _each(("schedule",), entry.node("schedule"))
    return tuple(spec for path in places for spec in _triggers(entry, path, expander))


def _each(path: Path, node: Node | None) -> Iterator[Path]:
    """Yield the places of the items of a list, or that of anything else."""
    if isinstance(node, Sequence):
        yield from ((*path, index) for index in range(len(node.items)))
    elif node is not None:
        yield path


def _triggers(entry: TaskEntry, path: Path, expander: Expander) -> Iterator[ScheduleSpec]:
    node = entry.node(*path)
    kind = ScheduleKind.CRON
    if isinstance(node, Section):
        (name,) = node.entries
        kind = ScheduleKind(name)
        path = (*path, name)
    places = _each(path, entry.node(*path))
    match kind:
        case ScheduleKind.AFTER:
            found = [_upstream(entry, place) for place in places]
        case ScheduleKind.PATH:
            found = [watched_path(entry, place, expander) for place in places]
        case _:
            found = [_timed(entry, path, node, kind)]
    yield from (spec for spec in found if spec is not None)


def _upstream(entry: TaskEntry, path: Path) -> ScheduleSpec | None:
    """Return the task whose end starts this one, and which of its ends."""
    condition = "success"
    if isinstance(entry.node(*path), Section):
        condition = entry.line(*path, "on") or condition
        path = (*path, "task")
    text = entry.line(*path)
    if text is None:
        return None
    return ScheduleSpec(ScheduleKind.AFTER, text, entry.path(*path), condition)


def _timed(
    entry: TaskEntry, path: Path, node: Node | None, kind: ScheduleKind
) -> ScheduleSpec | None:
    text = entry.line(*path)
    if text is not None and kind is ScheduleKind.CRON and node is entry.node(*path):
        kind = _kind_of(entry, path, text)
    return None if text is None else ScheduleSpec(kind, text, entry.path(*path))


def _kind_of(entry: TaskEntry, path: Path, text: str) -> ScheduleKind:
    """Return what a bare text is: cron, or a calendar expression if it cannot be cron.

    docket-cli gave any text without five fields to systemd unchanged.
    """
    words = text.split()
    alone = len(words) == 1 and words[0].lower() in _CALENDAR_WORDS
    if not alone and (len(words) > _MOST_CALENDAR_WORDS or not _CALENDAR_SIGN.search(text)):
        return ScheduleKind.CRON
    entry.warn(
        path,
        f"`{'.'.join(map(str, path))}` is read as a calendar expression of systemd, because it "
        "is not a cron expression",
        hint=f'write it as such: schedule: {{calendar: "{text}"}}',
    )
    return ScheduleKind.CALENDAR


def span(entry: TaskEntry, key: str, default: float) -> float:
    """Return the span under `key` in seconds."""
    node = entry.node(key)
    return default if node is None else _parse(entry, key, default)


def run_timeout(entry: TaskEntry, default: float) -> float | None:
    """Return the longest time of a whole run in seconds, None if it has no limit."""
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


def seconds_or_none(entry: TaskEntry, key: str) -> float | None:
    """Return a plain number of seconds, None if there is no limit: null, 0 or .inf."""
    value = entry.value(key)
    return float(value) if value and value != math.inf else None


def catch_up(entry: TaskEntry) -> bool | float:
    """Return whether a missed fire runs, or up to which age in seconds."""
    value = entry.value("catch_up", default=True)
    if isinstance(value, bool):
        return value
    return _parse(entry, "catch_up", 0.0) or False


def _parse(entry: TaskEntry, key: str, default: float) -> float:
    node = entry.node(key)
    try:
        return parse_span(node.value) if isinstance(node, Scalar) else default
    except ValueError as error:
        entry.problem((key,), f"`{key}`: {error}", expected=_SPAN)
        return default

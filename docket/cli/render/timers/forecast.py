"""How the workload of the next days looks."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.fires.workload import ClockChange, TaskLoad, Workload
from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.cli.render.layout.times import relative, weekday_and_local
from docket.cli.render.timers.next import note_lines
from docket.model.time.humantime import duration, local

_MOST_DAYS = 31


def workload_text(found: Workload, screen: Screen) -> str:
    """Return the runs by task and by day, the pile-ups, the clock changes and the suggestion."""
    if not found.tasks:
        return "No task has a schedule yet."
    span = "24 hours" if found.days == 1 else f"{found.days} days"
    parts = [
        f"Over the next {span}, until {local(found.until_us, seconds=False)}:",
        _tasks(found, screen),
        _days(found, screen),
        *_pile_ups(found, screen),
        *(_clock_change(change, screen) for change in found.clock_changes),
        *_suggestion(found, screen),
    ]
    return "\n\n".join(part for part in parts if part)


def _tasks(found: Workload, screen: Screen) -> str:
    columns = [
        Column("TASK", shrink=16),
        Column("RUNS A DAY", right=True),
        Column("RUNS", right=True),
        Column("FIRST", shrink=10),
    ]
    table = TextTable(columns, [_task(task, screen) for task in found.tasks]).text(screen)
    noted = [(task.task, task.notes) for task in found.tasks]
    return "\n".join([table, *note_lines(noted, screen)])


def _task(task: TaskLoad, screen: Screen) -> Row:
    first = "" if task.first_us is None else relative(task.first_us, screen.now_us)
    about = "" if task.listed else "~"
    cells = [task.task, about + _number(task.runs_per_day), about + _number(task.runs), first]
    return Row(cells)


def _days(found: Workload, screen: Screen) -> str:
    if found.days == 1:
        return ""
    most = max((day.runs for day in found.by_day), default=0) or 1
    bar = 20 if screen.width is None else max(min(screen.width - 26, 40), 0)
    mark = "\u2588" if screen.unicode else "#"
    rows = [
        Row([day.date, _number(day.runs), mark * round(bar * day.runs / most)])
        for day in found.by_day[:_MOST_DAYS]
    ]
    table = TextTable([Column("DAY"), Column("RUNS", right=True), Column("")], rows).text(screen)
    left = len(found.by_day) - _MOST_DAYS
    return table if left <= 0 else f"{table}\n... and {left} more days (--json has them)"


def _pile_ups(found: Workload, screen: Screen) -> Iterator[str]:
    if not found.pile_ups:
        return
    rows = [
        Row(
            [one.clock, f"{one.times} x", weekday_and_local(one.first_us), ", ".join(one.tasks)],
        )
        for one in found.pile_ups
    ]
    columns = [
        Column("AT"),
        Column("TIMES", right=True),
        Column("FIRST"),
        Column("TASKS THAT START", shrink=16),
    ]
    table = TextTable(columns, rows).text(screen)
    left = found.pile_ups_in_all - len(found.pile_ups)
    yield table if left <= 0 else f"{table}\n... and {left} more ({found.pile_ups_in_all} in all)"


def _clock_change(change: ClockChange, screen: Screen) -> str:
    way = "forward" if change.shift_seconds > 0 else "back"
    by = duration(abs(change.shift_seconds))
    head = f"{local(change.at_us)}: the clock of {change.zone} goes {way} by {by}."
    lines = wrap(head, screen.width)
    for task, effect in change.effects:
        lines += [f"  {line}" for line in wrap(f"{exact(task)}: {one_line(effect)}", screen.width)]
    if not change.effects:
        lines.append("  No task loses a run by that.")
    return "\n".join(lines)


def _suggestion(found: Workload, screen: Screen) -> Iterator[str]:
    if found.spread is None:
        return
    head = "These keys in the config would spread what starts at once:"
    lines = [f"  {line}" for line in found.spread.yaml.splitlines()]
    yield "\n".join([head, *(screen.paint(line, Ink.FAINT) for line in lines)])


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.2f}"

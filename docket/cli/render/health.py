"""How `docket health` looks: the summary, and the tasks with those first that need somebody."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.status.health import Category, HealthReport, TaskHealth
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import failing_text, relative
from docket.cli.render.list import NO_TASKS, NONE_KNOWN
from docket.model.states import RunStatus

_INKS = {
    Category.FAILED: Ink.BAD,
    Category.STALE: Ink.BAD,
    Category.DEGRADED: Ink.DOUBT,
    Category.HEALTHY: Ink.GOOD,
    Category.NEVER_RUN: Ink.FAINT,
}
_ORDER = list(_INKS)


def health_text(found: HealthReport, screen: Screen) -> str:
    """Return the summary and a line for each task, with what is the matter with it."""
    if not found.tasks:
        return NO_TASKS if found.error is None else NONE_KNOWN
    columns = [
        Column("TASK", shrink=12),
        Column("HEALTH"),
        Column("LAST RUN", shrink=9),
        Column("NEXT FIRE", shrink=7),
    ]
    tasks = sorted(found.tasks, key=lambda task: (_ORDER.index(task.category), task.task))
    table = TextTable(columns, [_row(task, screen) for task in tasks]).text(screen)
    return "\n".join([found.summary, "", table, *_steps(tasks, screen)])


def _row(task: TaskHealth, screen: Screen) -> Row:
    word = task.category.value.replace("_", " ")
    last = "never" if task.last is None else relative(task.last.started_us, screen.now_us)
    after = "-" if task.next_fire_us is None else relative(task.next_fire_us, screen.now_us)
    running = Cell("running", Ink.BUSY) if task.running else Cell(last)
    cells = [Cell(task.task), Cell(word, _INKS[task.category]), running, Cell(after)]
    return Row(cells, " ".join(_matters(task, screen.now_us)))


def _matters(task: TaskHealth, now_us: int) -> Iterator[str]:
    went_well = task.last is None or task.last.status is RunStatus.SUCCEEDED
    if task.category is Category.FAILED and task.last is not None and not went_well:
        again = failing_text(task.consecutive_failures, task.failing_since_us, now_us)
        yield f"{task.last.summary.rstrip('.') or task.last.status}{again}."
    yield from (anomaly.sentence for anomaly in task.anomalies)
    about_its_timer = task.due_times.notes if task.due_times is not None else ()
    yield from (note for note in task.notes if note not in about_its_timer)


def _steps(tasks: list[TaskHealth], screen: Screen) -> Iterator[str]:
    first = tasks[0]
    steps = []
    if first.category in (Category.FAILED, Category.STALE):
        steps.append(next_step(f"docket why {one_line(first.task)}", "says why", screen))
    due_times = [task.due_times for task in tasks if task.due_times is not None]
    if any(due.notes and not due.off for due in due_times):
        what = "installs the timers that are missing, and starts them"
        steps.append(next_step("docket install --now", what, screen))
    mending = {task.failed_unit.command: task for task in tasks if task.failed_unit is not None}
    steps += [
        next_step(command, f"for the unit of {one_line(task.task)}", screen)
        for command, task in mending.items()
    ]
    yield from ["", *steps] if steps else []

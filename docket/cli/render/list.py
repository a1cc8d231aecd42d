"""How the list of tasks looks."""

from __future__ import annotations

from docket.app.status.list import ListedTask, TaskList
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import relative
from docket.cli.render.runs import status_cell

NONE_KNOWN = "No task is known: there is no plan and no run."
NO_TASKS = "No tasks yet. docket configure opens the config."


def tasks_text(found: TaskList, screen: Screen) -> str:
    """Return the tasks with their schedule, their last run and what they say of themselves."""
    if not found.tasks:
        return NO_TASKS if found.error is None else NONE_KNOWN
    columns = [Column("TASK", shrink=16), Column("SCHEDULE", shrink=12), Column("LAST RUN")]
    rows = [_row(task, screen) for task in found.tasks]
    table = TextTable(columns, rows, note_title="DESCRIPTION", note_column=24).text(screen)
    broken = sum(task.task is None for task in found.tasks)
    if not broken:
        return table
    which = "task is" if broken == 1 else "tasks are"
    step = next_step("docket check", "shows everything that is wrong", screen)
    return f"{table}\n\n{broken} {which} broken.\n{step}"


def _row(task: ListedTask, screen: Screen) -> Row:
    if task.task is None:
        why = task.problems[0].sentence if task.problems else ""
        if len(task.problems) > 1:
            why += f" (and {len(task.problems) - 1} more)"
        return Row([task.name, Cell("broken", Ink.BAD), _last_run(task, screen)], why)
    schedule = ", ".join(task.schedule) or "-"
    if not task.task.enabled and task.schedule:
        schedule = f"off ({schedule})"
    note = f"[destructive] {task.description}".rstrip() if task.destructive else task.description
    return Row([task.name, schedule, _last_run(task, screen)], note, note_matters=task.destructive)


def _last_run(task: ListedTask, screen: Screen) -> Cell:
    run = task.last_run
    if run is None:
        return Cell("never", Ink.FAINT)
    cell = status_cell(run.status)
    return Cell(f"{cell.text} {relative(run.started_us, screen.now_us)}", cell.ink)

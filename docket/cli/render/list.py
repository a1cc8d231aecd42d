"""How lists of tasks look: those of one home, and those of all users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.status.list import ListedTask, TaskList
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import relative
from docket.cli.render.runs import status_cell
from docket.model.states import RunStatus

if TYPE_CHECKING:
    from docket.app.status.allusers import AllUsersStatus, UserStatus
    from docket.app.status.userstore import TaskLine

NONE_KNOWN = "No task is known: there is no plan and no run."
NO_TASKS = "No tasks yet. docket configure opens the config."


def tasks_text(found: TaskList, screen: Screen) -> str:
    """Return the tasks with their schedule, their last run and what they say of themselves."""
    if not found.tasks:
        return NO_TASKS if found.error is None else NONE_KNOWN
    columns = [Column("TASK", shrink=16), Column("SCHEDULE", shrink=12), Column("LAST RUN")]
    rows = [_row(task, _last_run(task, found, screen)) for task in found.tasks]
    table = TextTable(columns, rows, note_title="DESCRIPTION", note_column=24).text(screen)
    return "\n\n".join([table, *_remarks(found, screen)])


def _remarks(found: TaskList, screen: Screen) -> Iterator[str]:
    """Yield what needs a hand, each with the command that helps."""
    broken = sum(task.task is None for task in found.tasks)
    if broken:
        which = "task is" if broken == 1 else "tasks are"
        step = next_step("docket check", "shows everything that is wrong", screen)
        yield f"{broken} {which} broken.\n{step}"
    waiting = sum(task.installed is False for task in found.tasks)
    if waiting:
        which = "task is" if waiting == 1 else "tasks are"
        step = next_step("docket install --now", "installs and starts them", screen)
        yield f"{waiting} {which} not installed.\n{step}"


def _row(task: ListedTask, last_run: Cell) -> Row:
    if task.task is None:
        why = task.problems[0].sentence if task.problems else ""
        if len(task.problems) > 1:
            why += f" (and {len(task.problems) - 1} more)"
        return Row([task.name, Cell("broken", Ink.BAD), last_run], why)
    schedule = ", ".join(task.schedule) or "-"
    if not task.task.enabled and task.schedule:
        schedule = f"off ({schedule})"
    if task.installed is False:
        schedule = f"not installed ({schedule})"
    note = f"[destructive] {task.description}".rstrip() if task.destructive else task.description
    return Row([task.name, schedule, last_run], note)


def _last_run(task: ListedTask, found: TaskList, screen: Screen) -> Cell:
    run = task.last_run
    if run is None:
        return Cell("never", Ink.FAINT) if found.recorded else Cell("unknown", Ink.BAD)
    cell = status_cell(run.status)
    return Cell(f"{cell.text} {relative(run.started_us, screen.now_us)}", cell.ink)


def all_users_text(found: AllUsersStatus, screen: Screen) -> str:
    """Return a line for each task, and for each user whose tasks are not known."""
    rows = [row for user in found.users for row in _rows_of_user(user, screen)]
    if not rows:
        return "No user of this machine has a home of Docket."
    columns = [Column("USER", shrink=8), Column("TASK", shrink=12), Column("LAST RUN")]
    return TextTable([*columns, Column("NOW")], rows).text(screen)


def _rows_of_user(user: UserStatus, screen: Screen) -> Iterator[Row]:
    name = "(system)" if user.owner.system else user.owner.name
    if user.problem is not None:
        yield Row([name, Cell("unknown", Ink.BAD), "", ""], user.problem)
    for line in user.tasks:
        yield Row([name, line.task, _last_of_user(line, screen), _now_of_user(line)])
    if user.problem is None and not user.tasks:
        yield Row([name, Cell("none has run", Ink.FAINT), "", ""])


def _last_of_user(line: TaskLine, screen: Screen) -> Cell:
    if line.started_us is None:
        return Cell("never", Ink.FAINT)
    cell = status_cell(RunStatus(line.status))
    return Cell(f"{cell.text} {relative(line.started_us, screen.now_us)}", cell.ink)


def _now_of_user(line: TaskLine) -> Cell | str:
    if line.running:
        return Cell("running", Ink.BUSY)
    failures = line.consecutive_failures
    return Cell(f"failed {failures} times in a row", Ink.BAD) if failures > 1 else ""

"""How the tasks of all users look."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.status.allusers import AllUsersStatus, UserStatus
from docket.app.status.userstore import TaskLine
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import relative
from docket.cli.render.runs import status_cell
from docket.model.states import RunStatus


def all_users_text(found: AllUsersStatus, screen: Screen) -> str:
    """Return a line for each task, and for each user whose tasks cannot be told."""
    rows = [row for user in found.users for row in _rows(user, screen)]
    if not rows:
        return "No user of this machine has a home of Docket."
    columns = [Column("USER", shrink=8), Column("TASK", shrink=12), Column("LAST RUN")]
    return TextTable([*columns, Column("NOW")], rows).text(screen)


def _rows(user: UserStatus, screen: Screen) -> Iterator[Row]:
    name = "(system)" if user.owner.system else user.owner.name
    if user.problem is not None:
        yield Row([name, Cell("unknown", Ink.BAD), "", ""], user.problem)
    for line in user.tasks:
        yield Row([name, line.task, _last(line, screen), _now(line)])
    if user.problem is None and not user.tasks:
        yield Row([name, Cell("none has run", Ink.FAINT), "", ""])


def _last(line: TaskLine, screen: Screen) -> Cell:
    if line.started_us is None:
        return Cell("never", Ink.FAINT)
    cell = status_cell(RunStatus(line.status))
    return Cell(f"{cell.text} {relative(line.started_us, screen.now_us)}", cell.ink)


def _now(line: TaskLine) -> Cell | str:
    if line.running:
        return Cell("running", Ink.BUSY)
    failures = line.consecutive_failures
    return Cell(f"failed {failures} times in a row", Ink.BAD) if failures > 1 else ""

"""How the environment of a task looks for people."""

from __future__ import annotations

from docket.app.runs.env import TaskEnvironment, Variable
from docket.cli.render.layout.facts import fact_lines
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Cell, Column, Row, TextTable

_EACH_RUN = "(of each run)"


def environment_text(found: TaskEnvironment, screen: Screen) -> str:
    """Return every variable with its value and its source."""
    table = TextTable(
        [Column("variable"), Column("source"), Column("value", shrink=20)],
        [_row(variable) for variable in found.variables],
    )
    counts = f"{len(found.changed)} changed, {len(found.added)} added, {len(found.absent)} absent"
    differs = f"{counts} (--diff shows them)"
    return "\n".join(
        [*_head(found, screen), *fact_lines([("differs", differs)], screen), table.text(screen)]
    )


def difference_text(found: TaskEnvironment, screen: Screen) -> str:
    """Return what is otherwise than in the environment of the caller."""
    lines = _head(found, screen)
    by_name = {variable.name: variable for variable in found.variables}
    for name, task, caller in found.changed:
        lines.append(f"  {exact(name)}")
        lines.append(screen.paint(f"    - {exact(caller)}", Ink.BAD))
        lines.append(screen.paint(f"    + {exact(task or _EACH_RUN)}", Ink.GOOD))
    for name in found.added:
        value = _value(by_name[name]).text
        lines.append(screen.paint(f"  + {exact(name)}={value}", Ink.GOOD))
    lines += [screen.paint(f"  - {exact(name)}", Ink.BAD) for name in found.absent]
    if not (found.changed or found.added or found.absent):
        lines.append("  It is the same as yours.")
    return "\n".join(lines)


def _head(found: TaskEnvironment, screen: Screen) -> list[str]:
    title = screen.paint(one_line(found.task), Ink.STRONG)
    loaded = "" if found.loaded else " (not loaded)"
    facts = [("unit", one_line(found.unit) + loaded), ("user", found.user or "")]
    return [title, *fact_lines(facts, screen)]


def _row(variable: Variable) -> Row:
    source = f"{variable.source} {variable.file}" if variable.file else variable.source
    return Row([exact(variable.name), source, _value(variable)])


def _value(variable: Variable) -> Cell:
    if variable.shown is None:
        return Cell(_EACH_RUN, Ink.FAINT)
    return Cell(exact(variable.shown), Ink.DOUBT if variable.secret else None)

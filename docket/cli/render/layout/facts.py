"""Labelled lines: one thing in detail."""

from __future__ import annotations

from collections.abc import Iterable

from docket.cli.render.layout.plain import cut, one_line, pad, width
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Cell

LABEL = 14
INDENT = 2


def fact_lines(
    facts: Iterable[tuple[str, Cell | str]], screen: Screen, most: int | None = None
) -> list[str]:
    """Return `label  value` lines, values wrapped to the screen under themselves.

    A fact with an empty value is left out; one with an empty label continues the one before. Of a
    value at most `most` lines are shown.
    """
    out = []
    for label, value in facts:
        cell = Cell(value) if isinstance(value, str) else value
        text = one_line(cell.text)
        if not text:
            continue
        first = " " * INDENT + screen.paint(pad(label, LABEL), Ink.FAINT)
        room = None if screen.width is None else screen.width - INDENT - LABEL
        wrapped = wrap(text, room)
        if most is not None and room is not None:
            wrapped = _shortened(wrapped, most, room, screen.ellipsis)
        out.append(first + screen.paint(wrapped[0], cell.ink))
        margin = " " * (INDENT + LABEL)
        out += [margin + screen.paint(line, cell.ink) for line in wrapped[1:]]
    return out


def _shortened(lines: list[str], most: int, columns: int, ellipsis: str) -> list[str]:
    kept = [*lines[: most - 1], " ".join(lines[most - 1 :])] if len(lines) >= most else lines
    return [cut(line, columns, ellipsis) for line in kept]


def wrap(text: str, columns: int | None) -> list[str]:
    """Return safe text in lines of at most `columns` columns, broken at blanks where possible.

    A word that is longer than a line stays whole: names, paths and ids are there to be copied.
    """
    if columns is None or width(text) <= columns:
        return [text]
    out: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and width(longer) > columns:
            out.append(line)
            line = word
        else:
            line = longer
    return [*out, line]

"""Tables that fit the width of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from docket.cli.render.layout.plain import cut, one_line, pad, width
from docket.cli.render.layout.screen import Ink, Screen
from docket.model.record import Record

GAP = 2
NOTE_COLUMN = 40  # a note cut to less than this reads better on a line of its own


class Column(Record):
    """One column. `shrink` says down to how many columns it may be cut; None keeps it whole."""

    title: str
    right: bool = False
    shrink: int | None = None


class Cell(Record):
    """One value and its colour."""

    text: str
    ink: Ink | None = None


class Row(Record):
    """The cells of one line, and a note beside it or, on a narrow screen, below it."""

    cells: Sequence[Cell | str]
    note: str = ""
    note_matters: bool = True  # a note that does not matter is left out if it has no column


class TextTable(Record):
    """Rows under titles; `note_title` heads the notes if they get a column."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    note_title: str = ""
    indent: str = ""
    note_column: int = NOTE_COLUMN

    def text(self, screen: Screen) -> str:
        """Return the table's lines, none wider than the screen if the columns allow it."""
        heading, rows = self.parts(screen)
        return "\n".join([*heading, *(line for row in rows for line in row)])

    def parts(self, screen: Screen) -> tuple[list[str], list[list[str]]]:
        """Return the lines of the heading, and those of each row."""
        cells = [[_clean(cell) for cell in row.cells] for row in self.rows]
        widths = self._widths(cells, screen)
        room = self._room_for_notes(widths, screen)
        titled = any(column.title for column in self.columns)
        heading = [self._headings(widths, room, screen)] if titled else []
        rows = zip(self.rows, cells, strict=True)
        return heading, [self._row(row, line, widths, room, screen) for row, line in rows]

    def leaves_notes_out(self, screen: Screen) -> bool:
        """Whether notes that do not matter are not shown, because they have no column."""
        if all(row.note_matters or not row.note for row in self.rows):
            return False
        cells = [[_clean(cell) for cell in row.cells] for row in self.rows]
        return self._room_for_notes(self._widths(cells, screen), screen) == 0

    def _widths(self, cells: list[list[Cell]], screen: Screen) -> list[int]:
        widths = [
            max([width(column.title), *(width(line[at].text) for line in cells)])
            for at, column in enumerate(self.columns)
        ]
        if screen.width is None:
            return widths
        too_much = sum(widths) + GAP * (len(widths) - 1) + len(self.indent) - screen.width
        while too_much > 0:
            spare, at = max(
                (widths[at] - column.shrink, at) if column.shrink is not None else (0, at)
                for at, column in enumerate(self.columns)
            )
            if spare <= 0:
                break
            widths[at] -= 1
            too_much -= 1
        return widths

    def _room_for_notes(self, widths: list[int], screen: Screen) -> int | None:
        """Return how wide the column of notes may be: 0 for none, None for any width."""
        if not any(row.note for row in self.rows):
            return 0
        if screen.width is None:
            return None
        room = screen.width - sum(widths) - GAP * len(widths) - len(self.indent)
        notes = [self.note_title, *(one_line(row.note) for row in self.rows)]
        longest = max(map(width, notes))
        return room if room >= min(self.note_column, longest) else 0

    def _headings(self, widths: list[int], room: int | None, screen: Screen) -> str:
        titles = [
            pad(cut(column.title, size, ""), size, right=column.right)
            for column, size in zip(self.columns, widths, strict=True)
        ]
        if room != 0 and self.note_title:
            titles.append(self.note_title)
        line = (" " * GAP).join(titles).rstrip()
        return self.indent + screen.paint(line, Ink.FAINT)

    def _row(
        self, row: Row, line: list[Cell], widths: list[int], room: int | None, screen: Screen
    ) -> list[str]:
        shown = []
        last = len(line) - 1
        beside = bool(row.note) and room != 0
        for at, (cell, column, size) in enumerate(zip(line, self.columns, widths, strict=True)):
            text = cut(cell.text, size, screen.ellipsis)
            if at < last or beside or column.right:
                text = pad(text, size, right=column.right)
            shown.append(screen.paint(text, cell.ink))
        note = one_line(row.note)
        if beside:
            shown.append(note if room is None else cut(note, room, screen.ellipsis))
        out = [self.indent + (" " * GAP).join(shown).rstrip()]
        if note and not beside and row.note_matters:
            margin = self.indent + "    "
            if screen.width is not None:
                note = cut(note, max(screen.width - len(margin), 1), screen.ellipsis)
            out.append(margin + note)
        return out


def _clean(cell: Cell | str) -> Cell:
    if isinstance(cell, str):
        return Cell(one_line(cell))
    return Cell(one_line(cell.text), cell.ink)

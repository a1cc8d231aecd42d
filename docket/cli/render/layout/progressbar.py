"""The line at the bottom of the terminal that says how far a run is."""

from __future__ import annotations

import os

from docket.app.runs.liveprogress import RunProgress
from docket.cli.render.layout.plain import cut, one_line
from docket.cli.render.layout.screen import Ink, Screen

_CELLS = 24
_ERASE = b"\r\x1b[K"
_USUAL_WIDTH = 80


class ProgressBar:
    """Keeps the bar below what the run prints; both are written here, so they never mix."""

    def __init__(self, descriptor: int, screen: Screen) -> None:
        self._descriptor = descriptor
        self._screen = screen
        self._progress: RunProgress | None = None
        self._shown = False
        self._at_line_start = True

    def output(self, data: bytes) -> None:
        """Write what the run printed, above the bar."""
        erase = _ERASE if self._shown else b""
        self._shown = False
        self._at_line_start = data.endswith(b"\n")
        self._write(erase + data + self._bar())

    def progress(self, progress: RunProgress) -> None:
        """Draw the bar again."""
        self._progress = progress
        bar = self._bar()
        if bar:
            self._write(bar)

    def close(self) -> None:
        """Take the bar away."""
        self._progress = None
        if self._shown:
            self._shown = False
            self._write(_ERASE)

    def _bar(self) -> bytes:
        """Return the bytes that draw the bar; none in the middle of a line of the run's."""
        if self._progress is None or not self._at_line_start:
            return b""
        self._shown = True
        text = bar_text(self._progress, self._screen, self._columns())
        return _ERASE + text.encode(errors="replace")

    def _columns(self) -> int:
        """Return how wide the terminal is now, less the last column, where some wrap."""
        try:
            columns = os.get_terminal_size(self._descriptor).columns
        except OSError:
            columns = 0
        return (columns or _USUAL_WIDTH) - 1

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def bar_text(progress: RunProgress, screen: Screen, columns: int) -> str:
    """Return one line of at most `columns` columns; one too narrow for a bar has the number."""
    message = one_line(progress.message)
    if progress.fraction is None:
        return cut(f"{screen.ellipsis} {message}".rstrip(), columns, screen.ellipsis)
    number = f"{int(progress.fraction * 100 + 1e-9):>3}%"
    room = columns - len(number) - 1
    if room < _CELLS:
        return cut(f"{number} {message}".rstrip(), columns, screen.ellipsis)
    done = int(progress.fraction * _CELLS)
    full, empty = ("\u2588", "\u2591") if screen.unicode else ("#", "-")
    bar = screen.paint(full * done, Ink.BUSY) + screen.paint(empty * (_CELLS - done), Ink.FAINT)
    said = cut(message, room - _CELLS - 1, screen.ellipsis)
    return f"{bar} {number} {said}".rstrip()

"""The screen for an answer: its width, its colours, its alphabet, and the time there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

from docket.model.record import Record

NARROWEST = 20


class Ink(StrEnum):
    """The few colours in use, each by what it says."""

    GOOD = "32"
    BAD = "31"
    DOUBT = "33"
    BUSY = "36"
    STRONG = "1"
    FAINT = "2"


# Yellow and cyan can hardly be read on white.
_ON_LIGHT = {Ink.DOUBT: "35", Ink.BUSY: "34"}
_LIGHT_BACKGROUNDS = ("7", "15")


class Screen(Record):
    """One place where text is shown. `width` is None if nothing limits it (a pipe, a file).

    `height` is how many lines are shown at once, where the text has to fit into them.
    """

    width: int | None
    colour: bool
    unicode: bool
    now_us: int
    terminal: bool = False
    moves: bool = False  # whether the terminal can go back to the beginning of a line and clear it
    light: bool = False  # whether the terminal says that its background is light
    height: int | None = None
    program: str = "docket"  # how to call this Docket again, with the options for its place

    def paint(self, text: str, ink: Ink | None) -> str:
        """Return `text` in a colour, if colours are wanted at all."""
        if not self.colour or ink is None or not text.strip():
            return text
        code = _ON_LIGHT.get(ink, ink.value) if self.light else ink.value
        return f"\x1b[{code}m{text}\x1b[0m"

    @property
    def ellipsis(self) -> str:
        """The mark for text that was left out."""
        return "\u2026" if self.unicode else "..."

    @property
    def tick(self) -> str:
        """The mark of a check that passed."""
        return "\u2713" if self.unicode else "ok"

    @property
    def cross(self) -> str:
        """The mark of a check that failed."""
        return "\u2717" if self.unicode else "no"


def screen_of(
    stream: TextIO | None, environ: Mapping[str, str], now_us: int, program: str = "docket"
) -> Screen:
    """Return what `stream` can show: colours only on a terminal and without NO_COLOR."""
    terminal = _is_terminal(stream)
    return Screen(
        width=_width(stream, environ, terminal=terminal),
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb",
        unicode=_speaks_unicode(stream),
        now_us=now_us,
        terminal=terminal,
        moves=terminal and environ.get("TERM", "dumb") != "dumb",
        light=environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_BACKGROUNDS,
        program=program,
    )


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (ValueError, OSError):  # the stream is closed
        return False


def _width(stream: TextIO | None, environ: Mapping[str, str], *, terminal: bool) -> int | None:
    named = environ.get("COLUMNS", "")
    if named.isascii() and named.isdigit() and int(named[:6]) > 0:
        return max(int(named[:6]), NARROWEST)
    if not terminal or stream is None:
        return None
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80
    return max(columns, NARROWEST) if columns > 0 else 80


def _speaks_unicode(stream: TextIO | None) -> bool:
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        "\u2713\u2026".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True

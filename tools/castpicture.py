"""Draws what a terminal shows at the end of a recording, as an SVG for light and dark pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
_CHARACTER, _LINE, _MARGIN = 8.4, 20, 16
_CLASSES = {"1": "b", "2": "f", "31": "r", "32": "g", "33": "y", "35": "y", "36": "c", "34": "c"}
_STYLE = """
    text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
    text { white-space: pre; fill: #1f2328 }
    rect { fill: #f6f8fa; stroke: #d0d7de }
    .b { font-weight: bold } .f { fill: #57606a } .r { fill: #b3202c } .g { fill: #116329 }
    .y { fill: #7d4e00 } .c { fill: #0550ae }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } rect { fill: #0d1117; stroke: #30363d }
      .f { fill: #9198a1 } .r { fill: #ff7b72 } .g { fill: #56d364 }
      .y { fill: #e3b341 } .c { fill: #79c0ff }
    }
"""


def picture(recording: Sequence[Any]) -> str:
    """Return the SVG of an asciicast: its header, and its events."""
    header, *events = recording
    shown = _screen("".join(event[2] for event in events)).rstrip("\n").split("\n")
    lines = [part for line in shown for part in _wrapped(line, header["width"])]
    width = round(header["width"] * _CHARACTER) + 2 * _MARGIN
    height = len(lines) * _LINE + 2 * _MARGIN
    rows = [
        f'  <text x="{_MARGIN}" y="{_MARGIN + 14 + at * _LINE}">{"".join(_spans(line))}</text>'
        for at, line in enumerate(lines)
        if line
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"  <title>{escape(header['title'])}</title>",
            f"  <style>{_STYLE}  </style>",
            f'  <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
            *rows,
            "</svg>\n",
        ]
    )


def _screen(text: str) -> str:
    """Return the lines as they are in the end: what was erased or written over is gone."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition("\r")[2].replace("\x1b[K", "") for line in lines)


def _wrapped(line: str, columns: int) -> Iterator[str]:
    """Yield the line in parts of at most `columns` columns, as a terminal breaks it."""
    part, used = "", 0
    for piece in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.", line):
        if not piece.startswith("\x1b"):
            if used == columns:
                yield part
                part, used = "", 0
            used += 1
        part += piece
    yield part


def _spans(line: str) -> Iterator[str]:
    """Yield the parts of a line, each in its colour."""
    colour, at = "", 0
    for match in _SEQUENCE.finditer(line):
        yield _span(line[at : match.start()], colour)
        at = match.end()
        if match[2] == "m":
            colour = _CLASSES.get(match[1], "")
    yield _span(line[at:], colour)


def _span(text: str, colour: str) -> str:
    if not text or not colour:
        return escape(text)
    return f'<tspan class="{colour}">{escape(text)}</tspan>'

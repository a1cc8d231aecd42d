"""Text without control characters, measured in terminal columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# C0 and C1 controls, DEL, line and paragraph separators, the marks that turn the direction of
# text, invisible characters that make two names look alike, and lone surrogates.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANK_CONTROLS = "[\t\n\v\f\r]+"
_COLOUR_SEQUENCE = "\x1b\\[[0-9;:]*m"
_RETURNS_AT_AN_END = "(?<!\r)\r+\n"
_ZERO_WIDTH = frozenset(("Mn", "Me", "Cf"))


def one_line(text: object) -> str:
    """Return `text` on one line, every control character in it shown instead of obeyed."""
    cleaned = str(text)
    if cleaned.isascii() and cleaned.isprintable():
        return cleaned
    return re.sub(_UNSAFE, _shown, re.sub(_BLANK_CONTROLS, " ", cleaned.strip("\r\n")))


def exact(text: object) -> str:
    """Return `text` on one line with nothing dropped: a newline in a name is shown too."""
    whole = str(text)
    if whole.isascii() and whole.isprintable():
        return whole
    return re.sub(_UNSAFE, _shown, whole)


def lines(text: str) -> list[str]:
    """Return the lines of `text`, safe for a terminal; tabs stay, colour sequences are left out.

    A lone carriage return (a progress bar's) begins a new line, so that it hides nothing.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text.split("\n")
    plain = re.sub(_RETURNS_AT_AN_END, "\n", re.sub(_COLOUR_SEQUENCE, "", text)).replace("\r", "\n")
    return [
        "\t".join(re.sub(_UNSAFE, _shown, part) for part in line.split("\t"))
        for line in plain.split("\n")
    ]


def width(text: str) -> int:
    """Return how many columns safe text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def cut(text: str, columns: int, ellipsis: str = "...") -> str:
    """Return safe text in at most `columns` columns; what was left out is marked by `ellipsis`."""
    if width(text) <= columns:
        return text
    room = columns - len(ellipsis)
    if room <= 0:
        return ellipsis[: max(columns, 0)]
    kept = ""
    used = 0
    for character in text:
        used += _columns(character)
        if used > room:
            break
        kept += character
    return kept.rstrip() + ellipsis


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return safe text filled with blanks to `columns` columns."""
    blanks = " " * max(columns - width(text), 0)
    return blanks + text if right else text + blanks


def _columns(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code in _NAMED:
        return _NAMED[code]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}


def task_flags(document: Mapping[str, Any]) -> str:
    flags = [name for name in ("network", "destructive") if document[name]]
    return f"[{', '.join(flags)}]" if flags else ""

"""Cutting a text into the pieces that a channel takes; nothing is left out without a mark."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PIECES = 5
_NUMBER = len("(9/9) ")


def utf16_units(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text) + sum(c > "\uffff" for c in text)


def utf8_bytes(text: str) -> int:
    """Return the length of a text in bytes."""
    return len(text.encode("utf-8", "replace"))


def pieces(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """Return the text in numbered pieces, none longer than `limit`.

    What is too long for MOST_PIECES keeps its beginning and its end.
    """
    if measure(text) <= limit:
        return [text]
    room = limit - _NUMBER
    parts = _parts(text, room, measure)
    if len(parts) > MOST_PIECES:
        parts = _with_gap(text, room, measure)
    return [f"({number}/{len(parts)}) {part}" for number, part in enumerate(parts, 1)]


def _parts(text: str, room: int, measure: Callable[[str], int]) -> list[str]:
    found = []
    while text:
        end = _longest(text, room, measure)
        if end < len(text):
            end = _at_a_break(text, end)
        found.append(text[:end])
        text = text[end:]
    return found


def _with_gap(text: str, room: int, measure: Callable[[str], int]) -> list[str]:
    """Return the first pieces, a mark, and the last one."""
    tail = text
    keep = room - 60  # room for the mark of the cut
    while measure(tail) > keep:
        tail = tail[max(1, (measure(tail) - keep) // 4) :]
    head: list[str] = []
    rest = text[: -len(tail)]
    for _ in range(MOST_PIECES - 1):
        end = _longest(rest, room, measure)
        head.append(rest[:end])
        rest = rest[end:]
    return [*head, f"[{len(rest)} characters left out here]\n{tail}"]


def _longest(text: str, room: int, measure: Callable[[str], int]) -> int:
    """Return how many characters at the beginning of the text fit."""
    low, high = 1, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _at_a_break(text: str, end: int) -> int:
    """Return a line's or a word's end in the last quarter before `end`, else `end`."""
    for mark in ("\n", " "):
        found = text.rfind(mark, end * 3 // 4, end)
        if found > 0:
            return found + 1
    return end

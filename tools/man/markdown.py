"""The blocks of a Markdown page as the macros of man(7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from man.roff import escaped, inline, line, prose


class Heading(NamedTuple):
    """A heading; the page's own title has level 1."""

    level: int
    text: str


class Paragraph(NamedTuple):
    """A paragraph of prose."""

    text: str


class Item(NamedTuple):
    """An item of a list, with its mark."""

    mark: str  # "-", or the number with its dot
    text: str


class Table(NamedTuple):
    """A table: the cells of its head and of its rows."""

    head: list[str]
    rows: list[list[str]]


class Code(NamedTuple):
    """Lines that are shown as they are."""

    language: str
    lines: list[str]


Block = Heading | Paragraph | Item | Table | Code
_ITEM = re.compile(r"(?:([-*])|(\d+\.)) +(.*)")
_CELL = re.compile(r"(?<!\\)\|")
_LABELS = {"usually": "Default"}  # the head of a column -> what a manual page calls it


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page, without its comments."""
    lines = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).splitlines()
    found: list[Block] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block(lines, at)
        found.append(block)
    return found


def rendered(page: Iterable[Block], *, level: int = 2) -> Iterator[str]:
    """Yield blocks as roff. Headings of `level` become sections, those below subsections."""
    before: Block | None = Heading(level, "")
    for block in page:
        match block:
            case Heading(depth, text):
                macro = ".SH" if depth <= level else ".SS"
                yield f'{macro} "{inline(text.upper() if depth <= level else text)}"'
            case Paragraph(text):
                if not isinstance(before, Heading):
                    yield ".PP"
                yield from prose(text)
            case Item(mark, text):
                yield r".IP \(bu 2" if mark == "-" else f".IP {mark} 4"
                yield from prose(text)
            case Table():
                yield from _table(block)
            case Code():
                yield from shown(block.lines, first=isinstance(before, Heading))
        before = block


def shown(lines: Iterable[str], *, first: bool = False) -> Iterator[str]:
    """Yield lines that are shown as they are, indented."""
    if not first:
        yield ".PP"
    yield ".in +4n"
    yield ".EX"
    for text in lines:
        yield line(escaped(text, code=True)) or r"\&"
    yield ".EE"
    yield ".in"


def entry(tag: str, parts: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a word with what is said about it, each part on a line of its own."""
    yield ".TP"
    yield line(tag)
    written = [lines for part in parts if (lines := [text for text in part if text])]
    if not written:
        yield r"\&"
    for number, lines in enumerate(written):
        if number:
            yield ".br"
        yield from lines


def _table(table: Table) -> Iterator[str]:
    for row in table.rows:
        yield from entry(inline(row[0]), _cells(table.head, row))


def _cells(head: list[str], row: list[str]) -> Iterator[Iterable[str]]:
    """Yield the cells after the first: the meaning first, and the others by their heads."""
    names = dict(enumerate(head))
    said = [number for number in range(1, len(row)) if row[number]]
    plain = next((n for n in said if names.get(n) in {"meaning", "what it means"}), None)
    if plain is None and head[0] and said:
        plain = said[0]
    for number in sorted(said, key=lambda number: (number != plain, number)):
        label = "" if number == plain else names.get(number, "")
        label = _LABELS.get(label, f"{label[:1].upper()}{label[1:]}")
        yield prose(f"{label}: {row[number]}" if label else row[number])


def _block(lines: list[str], at: int) -> tuple[Block, int]:
    text = lines[at]
    if text.startswith("```"):
        return _fence(lines, at)
    if text.startswith("    "):
        return _indented(lines, at)
    if text.startswith("#"):
        marks, _, title = text.partition(" ")
        return Heading(len(marks), title), at + 1
    if text.startswith("|"):
        return _rows(lines, at)
    item = _ITEM.match(text)
    rest, at = _rest(lines, at + 1)
    if item:
        return Item("-" if item[1] else item[2], " ".join([item[3], *rest])), at
    return Paragraph(" ".join([text, *rest])), at


def _rest(lines: list[str], at: int) -> tuple[list[str], int]:
    """Return the further lines of a paragraph or an item, and where they end."""
    found = []
    while at < len(lines) and lines[at].strip():
        if lines[at].startswith(("#", "```", "|")) or _ITEM.match(lines[at]):
            break
        found.append(lines[at].strip())
        at += 1
    return found, at


def _fence(lines: list[str], at: int) -> tuple[Block, int]:
    end = next(n for n in range(at + 1, len(lines)) if lines[n].startswith("```"))
    return Code(lines[at][3:].strip(), lines[at + 1 : end]), end + 1


def _indented(lines: list[str], at: int) -> tuple[Block, int]:
    end = at
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    return Code("text", [text[4:] for text in lines[at:end]]), end


def _rows(lines: list[str], at: int) -> tuple[Block, int]:
    end = at
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    head, _, *rows = [
        [cell.strip().replace("\\|", "|") for cell in _CELL.split(text.strip())[1:-1]]
        for text in lines[at:end]
    ]
    return Table(head, rows), end

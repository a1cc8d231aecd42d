"""Turns YAML text into a tree with places, with limits against hostile text.

The tree is built from the parser's events, not by yaml's own composer: that one recurses in C
without a bound, forgets duplicate keys and copies aliases without counting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Path, Scalar, Section, Sequence
from docket.config.yaml.scalars import UnreadableScalarError, read_plain, read_tagged

DEEPEST = 32
MOST_ALIASED = 50_000  # nodes that aliases may add to those of the text itself

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_COMPLEX = Code.TOO_COMPLEX
_STRUCTURE_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class UnreadableYaml(Exception):  # noqa: N818  (not an error of the program: it ends the reading)
    """The text cannot be read any further; line and column count from 0."""

    def __init__(
        self, sentence: str, line: int, column: int, code: Code = Code.YAML, hint: str | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.column = column
        self.code = code
        self.hint = hint


class Duplicate:
    """A key that occurs twice; the first place counts from 0 too."""

    __slots__ = ("first_line", "key", "path")

    def __init__(self, key: Scalar, path: Path, first_line: int) -> None:
        self.key = key
        self.path = path
        self.first_line = first_line


class _Anchored:
    """A node that aliases may name; `node` is None until it is complete."""

    __slots__ = ("height", "node", "size")

    def __init__(self, node: Node | None, size: int) -> None:
        self.node = node
        self.size = size
        self.height = 0 if node is None else _height(node)


class Composer:
    """Builds the tree of one text; `loader` is the yaml loader whose parser reads it."""

    def __init__(self, text: str, loader: Any = _LOADER) -> None:
        self.duplicates: list[Duplicate] = []
        self._events: Iterator[Any] = yaml.parse(text, Loader=loader)
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._aliased = 0

    def compose(self) -> Node | None:
        """Return the root of the only document, None if there is none; raise UnreadableYaml."""
        root: Node | None = None
        seen = False
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if seen:
                    raise _refuse(
                        event, "a second YAML document begins here: one file holds one document"
                    )
                seen = True
                root = self._node(next(self._events), (), 0)
            elif isinstance(event, StreamEndEvent):
                break
        return root

    def _node(self, event: Any, path: Path, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            node: Node = _scalar(event)
            self._nodes += 1
            self._remember(event, node, 1)
            return node
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if depth >= DEEPEST:
            raise _refuse(event, f"nested more than {DEEPEST} levels deep", _COMPLEX)
        if event.tag not in _STRUCTURE_TAGS:
            raise _refuse(event, "tags on lists and mappings are not supported")
        return self._collection(event, path, depth)

    def _collection(self, event: Any, path: Path, depth: int) -> Node:
        if event.anchor is not None:
            self._remember(event, None, 0)
        before = self._nodes + self._aliased
        self._nodes += 1
        node = (
            self._sequence(event, path, depth)
            if isinstance(event, SequenceStartEvent)
            else self._section(event, path, depth)
        )
        if event.anchor is not None:
            size = self._nodes + self._aliased - before
            self._anchors[event.anchor] = _Anchored(node, size)
        return node

    def _sequence(self, start: Any, path: Path, depth: int) -> Sequence:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return Sequence(items, start.start_mark.line, start.start_mark.column)

    def _section(self, start: Any, path: Path, depth: int) -> Section:
        section = Section(start.start_mark.line, start.start_mark.column)
        merged: list[Section] = []
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent):
                raise _refuse(event, "a key has to be a single word, not an alias or a collection")
            key = _key(event)
            self._nodes += 1
            node = self._node(next(self._events), (*path, key.text), depth + 1)
            if key.text == _MERGE and not event.style:
                merged += _merge_sources(key, node)
            else:
                self._add(section, key, node, path)
        for source in merged:  # the mapping's own keys win, then the earlier source
            for name, node in source.entries.items():
                if name not in section.entries:
                    section.entries[name] = node
                    section.keys[name] = source.keys[name]
        return section

    def _add(self, section: Section, key: Scalar, node: Node, path: Path) -> None:
        first = section.keys.get(key.text)
        if first is not None:
            self.duplicates.append(Duplicate(key, (*path, key.text), first.line))
            return
        section.entries[key.text] = node
        section.keys[key.text] = key

    def _alias(self, event: Any, depth: int) -> Node:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise _refuse(event, f"the alias *{event.anchor} has no anchor before it")
        if anchored.node is None:
            raise _refuse(event, f"the alias *{event.anchor} refers to itself", _COMPLEX)
        if depth + anchored.height > DEEPEST:
            raise _refuse(event, f"nested more than {DEEPEST} levels deep", _COMPLEX)
        self._aliased += anchored.size
        if self._aliased > MOST_ALIASED:
            sentence = f"the aliases of this file expand to more than {MOST_ALIASED} values"
            raise _refuse(event, sentence, _COMPLEX)
        return anchored.node

    def _remember(self, event: Any, node: Node | None, size: int) -> None:
        if event.anchor is None:
            return
        if event.anchor in self._anchors:
            raise _refuse(event, f"the anchor &{event.anchor} occurs twice")
        self._anchors[event.anchor] = _Anchored(node, size)


def _height(node: Node) -> int:
    if isinstance(node, Scalar):
        return 0
    children = node.items if isinstance(node, Sequence) else node.entries.values()
    return 1 + max(map(_height, children), default=0)


def _scalar(event: Any) -> Scalar:
    text = event.value
    mark = event.start_mark
    value: Any = text
    trap = None
    try:
        if event.tag is not None:
            value, trap = read_tagged(event.tag, text)
        elif event.implicit[0]:
            value, trap = read_plain(text)
    except UnreadableScalarError as error:
        raise UnreadableYaml(str(error), mark.line, mark.column, Code.TRAP, error.hint) from None
    if not text.isprintable() and not _storable(text):
        raise UnreadableYaml(
            "the text holds a NUL or half a character, which neither a command line nor a "
            "file name can hold",
            mark.line,
            mark.column,
            Code.ENCODING,
        )
    return Scalar(value, text, mark.line, mark.column, trap)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _key(event: Any) -> Scalar:
    """Return a key by its text: `on:` is the word "on", whatever YAML 1.1 makes of it."""
    node = _scalar(event)
    if not node.text:
        raise _refuse(event, "a key is empty")
    node.value = node.text
    return node


def _merge_sources(key: Scalar, node: Node) -> list[Section]:
    parts = node.items if isinstance(node, Sequence) else [node]
    sources = [part for part in parts if isinstance(part, Section)]
    if len(sources) != len(parts):
        raise UnreadableYaml("only mappings can be merged with `<<`", key.line, key.column)
    return sources


def _refuse(event: Any, sentence: str, code: Code = Code.YAML) -> UnreadableYaml:
    return UnreadableYaml(sentence, event.start_mark.line, event.start_mark.column, code)

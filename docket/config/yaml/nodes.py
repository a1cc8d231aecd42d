"""The tree of a YAML document in which every key and every value knows its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from docket.model.problem import Mark

Key: TypeAlias = str | int
Path: TypeAlias = tuple[Key, ...]


class Scalar:
    """One value. `text` is how it is written, `value` how YAML reads it.

    `trap` says in words what YAML makes of the text if that may surprise, else None.
    Lines and columns count from 0, as yaml's do.
    """

    __slots__ = ("column", "line", "text", "trap", "value")

    def __init__(self, value: Any, text: str, line: int, column: int, trap: str | None) -> None:
        self.value = value
        self.text = text
        self.line = line
        self.column = column
        self.trap = trap

    def plain(self) -> Any:
        """Return the value as plain Python."""
        return self.value


class Sequence:
    """A list of values."""

    __slots__ = ("column", "items", "line")

    def __init__(self, items: list[Node], line: int, column: int) -> None:
        self.items = items
        self.line = line
        self.column = column

    def plain(self) -> list[Any]:
        """Return the value as plain Python."""
        return [item.plain() for item in self.items]


class Section:
    """A mapping; `keys` holds the place of each key."""

    __slots__ = ("column", "entries", "keys", "line")

    def __init__(self, line: int, column: int) -> None:
        self.entries: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}
        self.line = line
        self.column = column

    def plain(self) -> dict[str, Any]:
        """Return the value as plain Python."""
        return {key: node.plain() for key, node in self.entries.items()}


Node: TypeAlias = Scalar | Sequence | Section


def descend(root: Node, path: Path) -> Node | None:
    """Return the node at `path` under `root`, or None if there is none."""
    node: Node | None = root
    for part in path:
        if isinstance(node, Section) and isinstance(part, str):
            node = node.entries.get(part)
        elif isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
            node = node.items[part]
        else:
            return None
    return node


def key_node(root: Node, path: Path) -> Scalar | None:
    """Return the key that `path` ends with, or None if it ends with a position."""
    holder = descend(root, path[:-1]) if path else None
    if isinstance(holder, Section) and isinstance(path[-1], str):
        return holder.keys.get(path[-1])
    return None


def overlay(base: Section, top: Section, whole: frozenset[str] = frozenset()) -> Section:
    """Return `top` with what only `base` has.

    Mappings are merged, except those under the keys in `whole`; anything else is replaced.
    """
    merged = Section(top.line, top.column)
    merged.entries = {**base.entries, **top.entries}
    merged.keys = {**base.keys, **top.keys}
    for key, node in top.entries.items():
        under = base.entries.get(key)
        if isinstance(node, Section) and isinstance(under, Section) and key not in whole:
            merged.entries[key] = overlay(under, node)
    return merged


def pruned(section: Section, path: Path, whole: frozenset[str] = frozenset()) -> Section:
    """Return `section` without the value at `path`, or without the list or whole key it is in."""
    rest = Section(section.line, section.column)
    rest.entries = dict(section.entries)
    rest.keys = section.keys
    head = str(path[0])
    child = rest.entries.get(head)
    if len(path) > 1 and isinstance(child, Section) and head not in whole:
        rest.entries[head] = pruned(child, path[1:], whole)
    else:
        rest.entries.pop(head, None)
    return rest


class Places(Mapping[Path, Mark]):
    """The place of every value of a document, looked up when asked for."""

    __slots__ = ("_file", "_root")

    def __init__(self, root: Node, file: str) -> None:
        self._root = root
        self._file = file

    def __getitem__(self, path: Path) -> Mark:
        """Return the place of the value at `path`; KeyError if there is none."""
        node = descend(self._root, path)
        if node is None:
            raise KeyError(path)
        return Mark(self._file, node.line + 1, node.column + 1)

    def __iter__(self) -> Iterator[Path]:
        """Yield the path of every value."""
        return _paths(self._root, ())

    def __len__(self) -> int:
        """Return how many values there are."""
        return sum(1 for _ in self)


class AllPlaces(Mapping[Path, Mark]):
    """The places of several documents; of a path that two have, the first one's."""

    __slots__ = ("_documents",)

    def __init__(self, documents: Iterable[Places]) -> None:
        self._documents = tuple(documents)

    def __getitem__(self, path: Path) -> Mark:
        """Return the place of the value at `path`; KeyError if no document has it."""
        for places in self._documents:
            if path in places:
                return places[path]
        raise KeyError(path)

    def __iter__(self) -> Iterator[Path]:
        """Yield each path once."""
        return iter(dict.fromkeys(path for places in self._documents for path in places))

    def __len__(self) -> int:
        """Return how many paths there are."""
        return sum(1 for _ in self)


def _paths(node: Node, path: Path) -> Iterator[Path]:
    yield path
    if isinstance(node, Section):
        for key, child in node.entries.items():
            yield from _paths(child, (*path, key))
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            yield from _paths(child, (*path, index))

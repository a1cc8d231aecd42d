"""One task as written, over the file's defaults, while its typed form is being read from it."""

from __future__ import annotations

from typing import Any

from docket.config.schema.complaints import Complaints
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Key, Node, Path, Scalar, Section, descend, overlay

# Mappings that are one choice: they are never merged.
WHOLE = frozenset({"schedule", "on_success", "on_failure", "on_complete", "notify", "sandbox"})


class TaskEntry:
    """The keys of one task; `own` has the keys under its name, `merged` the defaults too."""

    def __init__(
        self,
        name: str,
        own: Section,
        defaults: Section | None,
        complaints: Complaints,
        main: Complaints | None = None,
    ) -> None:
        """`main` are the complaints of the file that has the defaults, if it is another."""
        self.name = name
        self.own = own
        self.merged = own if defaults is None else overlay(defaults, own, WHOLE)
        self._complaints = complaints
        self._main = main or complaints

    def without(self, keys: frozenset[str]) -> TaskEntry:
        """Return the entry as if `keys` were not in it."""
        if keys.isdisjoint(self.merged.entries):
            return self
        rest = Section(self.merged.line, self.merged.column)
        rest.entries = {k: n for k, n in self.merged.entries.items() if k not in keys}
        rest.keys = self.merged.keys
        entry = TaskEntry(self.name, self.own, None, self._complaints, self._main)
        entry.merged = rest
        return entry

    def node(self, *path: Key) -> Node | None:
        """Return the node at `path`, or None."""
        return descend(self.merged, path)

    def value(self, key: str, default: Any = None) -> Any:
        """Return the plain value under `key`."""
        node = self.merged.entries.get(key)
        return default if node is None else node.plain()

    def has(self, key: str) -> bool:
        """Whether the task or the defaults have `key`."""
        return key in self.merged.entries

    def path(self, *path: Key) -> Path:
        """Return the place of the value at `path`: in the task or in the defaults."""
        if not path or descend(self.own, path) is not None or path[0] not in self.merged.entries:
            return ("tasks", self.name, *path)
        return ("defaults", *path)

    def problem(
        self,
        path: Path,
        sentence: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        code: Code = Code.INVALID,
    ) -> None:
        """Note a mistake at `path` under the task."""
        place = self.path(*path)
        self._about(place).problem(place, sentence, expected=expected, hint=hint, code=code)

    def warn(
        self, path: Path, sentence: str, *, hint: str | None = None, code: Code = Code.DOUBT
    ) -> None:
        """Note a doubt at `path` under the task."""
        place = self.path(*path)
        self._about(place).warn(place, sentence, hint=hint, code=code)

    def _about(self, place: Path) -> Complaints:
        return self._main if place[0] == "defaults" else self._complaints

    def line(self, *path: Key) -> str | None:
        """Return the text at `path`, which has to be one line; None if there is none."""
        node = self.node(*path)
        if node is None:
            return None
        text = node.text if isinstance(node, Scalar) else ""
        if any(c < " " or c == "\x7f" for c in text):
            self.problem(
                path,
                f"`{'.'.join(map(str, path))}` holds a line break or another control character",
                expected="a text of one line",
            )
            return None
        return text.strip()

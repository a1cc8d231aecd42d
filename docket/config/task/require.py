"""`require`: what has to hold for a run to begin."""

from __future__ import annotations

import os
from collections.abc import Iterator

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, ExpansionError
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Section, Sequence
from docket.model.task.task import Requirement
from docket.model.text.size import size_bytes, systemd_size


def require(entry: TaskEntry, expander: Expander) -> tuple[Requirement, ...]:
    """Return the requirements, those first that are cheap to look at."""
    section = entry.node("require")
    if not isinstance(section, Section):
        return ()
    found = section.plain()
    reader = _Reader(entry, expander)
    wanted: list[Requirement] = []
    if "host" in found:
        hosts = found["host"]
        words = (hosts,) if isinstance(hosts, str) else tuple(hosts)
        wanted.append(Requirement("host", words))
    if "ac_power" in found:
        wanted.append(Requirement("ac_power", (), int(found["ac_power"])))
    for kind in ("mounted", "exists"):
        wanted += (Requirement(kind, (path,)) for path in reader.paths(kind))
    wanted += reader.room()
    if found.get("online"):
        wanted.append(Requirement("online"))
    return tuple(wanted)


class _Reader:
    """Reads what is one thing or a list of them."""

    def __init__(self, entry: TaskEntry, expander: Expander) -> None:
        self._entry = entry
        self._expander = expander

    def paths(self, kind: str) -> Iterator[str]:
        for place in self._places("require", kind):
            yield from self._path(place)

    def room(self) -> Iterator[Requirement]:
        for place in self._places("require", "free"):
            size = self._size((*place, "bytes"))
            for path in self._path((*place, "path")):
                yield Requirement("free", (path,), size)

    def _places(self, *path: str) -> list[Path]:
        node = self._entry.node(*path)
        if isinstance(node, Sequence):
            return [(*path, index) for index in range(len(node.items))]
        return [] if node is None else [path]

    def _path(self, place: Path) -> Iterator[str]:
        text = self._entry.line(*place)
        if text is None:
            return
        try:
            yield os.path.normpath(self._expander.path(text))
        except ExpansionError as error:
            name = ".".join(map(str, place))
            self._entry.problem(
                place, f"`{name}`: {error}", hint="write the path out", code=Code.VARIABLE
            )

    def _size(self, place: Path) -> int:
        return size_bytes(systemd_size(self._entry.line(*place) or "0"))

"""What the unit directories of a manager hold: links that enable, masks, drop-ins, changes.

The manager answers the same for one unit at a time, and reads every link again for each: with a
thousand timers that takes seconds of its time. Here each directory is read once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

_WANTS = (".wants", ".requires")
_RUNTIME = "/run/"
_NOWHERE = "/dev/null"


class UnitFiles:
    """The unit directories of one manager, in systemd's order of precedence."""

    def __init__(self, directories: Sequence[str]) -> None:
        self._files: dict[str, str] = {}  # name of a file or link -> its first path
        self._drop_ins: set[str] = set()  # the names that drop-in directories are for
        self._enabled: dict[str, str] = {}
        self._changed_us = 0
        for directory in directories:
            self._read(directory)

    def state(self, name: str) -> str:
        """Return enabled, enabled-runtime, masked, disabled (no link wants it) or "" (no file)."""
        path = self._files.get(name)
        if path is None:
            return ""
        if os.path.islink(path) and os.path.realpath(path) == _NOWHERE:
            return "masked"
        return self._enabled.get(name, "disabled")

    def has_drop_ins(self, name: str) -> bool:
        """Whether a drop-in directory is for this unit, its prefixes or its whole kind."""
        return not self._drop_ins.isdisjoint(_drop_in_names(name))

    def changed_since(self, name: str, since_us: int) -> bool:
        """Whether the unit's file changed, came or went after `since_us`; at times for another."""
        path = self._files.get(name)
        if path is None or self._changed_us >= since_us:
            return True
        return _modified_us(path) >= since_us

    def _read(self, directory: str) -> None:
        try:
            with os.scandir(directory) as entries:
                names = [entry.name for entry in entries]
        except OSError:
            return
        self._changed_us = max(self._changed_us, _modified_us(directory))
        for name in names:
            path = os.path.join(directory, name)
            if name.endswith(_WANTS):
                self._read_links(path)
            elif name.endswith(".d"):
                self._drop_ins.add(name[:-2])
            else:
                self._files.setdefault(name, path)

    def _read_links(self, directory: str) -> None:
        word = "enabled-runtime" if directory.startswith(_RUNTIME) else "enabled"
        for name in _listed(directory):
            if self._enabled.get(name) != "enabled":
                self._enabled[name] = word


def _drop_in_names(name: str) -> Iterator[str]:
    """Yield the names whose drop-ins count for a unit, as systemd.unit(5) lists them."""
    yield name
    stem, _, kind = name.rpartition(".")
    yield kind
    while "-" in stem:
        stem = stem.rstrip("-").rpartition("-")[0]
        yield f"{stem}-.{kind}"


def _listed(directory: str) -> Iterable[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return ()


def _modified_us(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1000
    except OSError:
        return 0

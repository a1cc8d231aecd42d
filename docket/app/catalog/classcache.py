"""What is remembered of task classes between commands; losing it costs only time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from docket import __version__
from docket.config.yaml.safety import refuse_if_others_can_write
from docket.errors import UnsafeFileError
from docket.files import read_text, write_volatile
from docket.model.jsontext import dumps, loads
from docket.model.task.taskclass import BrokenTaskClass, Origin, TaskClass
from docket.paths import Paths

_CACHE_VERSION = 2

Found = Sequence[TaskClass | BrokenTaskClass]


class ClassCache:
    """The classes of drop-in files and entry points, by key and by the files they came from."""

    def __init__(self, paths: Paths) -> None:
        self._file = os.path.join(paths.home, "plans", ".taskclasses.json")
        self._stamp = [_CACHE_VERSION, __version__, sys.version, sys.executable]
        self._entries: dict[str, Any] = self._read()
        self._changed = False

    def known(self, key: str) -> Found | None:
        """Return what was found for `key`, if every file that it came from is still the same."""
        entry: Any = self._entries.get(key)
        try:
            if any(_identity(file) != identity for file, identity in entry["files"].items()):
                return None
            good = [TaskClass(**_typed(part)) for part in entry["good"]]
            return [*good, *(BrokenTaskClass(**part) for part in entry["broken"])]
        except (AttributeError, KeyError, TypeError, ValueError):  # nothing, or not ours
            return None

    def files(self, key: str) -> list[str]:
        """Return the files that what is remembered under `key` came from."""
        entry = self._entries.get(key)
        files = entry.get("files") if isinstance(entry, dict) else None
        return list(files) if isinstance(files, dict) else []

    def remember(self, key: str, identities: Mapping[str, list[int]], found: Found) -> None:
        """Keep what was found for as long as the files have these identities."""
        self._entries[key] = {
            "files": dict(identities),
            "good": [part.to_dict() for part in found if isinstance(part, TaskClass)],
            "broken": [part.to_dict() for part in found if isinstance(part, BrokenTaskClass)],
        }
        self._changed = True

    def save(self, keys: set[str]) -> None:
        """Write the cache if it changed, with `keys` only; an unwritable place is not an error."""
        gone = set(self._entries) - keys
        for key in gone:
            del self._entries[key]
        if not (self._changed or gone):
            return
        text = dumps({"stamp": self._stamp, "entries": self._entries}) + "\n"
        with contextlib.suppress(OSError):
            write_volatile(self._file, text.encode())

    def _read(self) -> dict[str, Any]:
        try:
            status = os.stat(self._file)
            refuse_if_others_can_write(self._file, status)
            document = loads(read_text(self._file) or "")
        except (OSError, ValueError, RecursionError, UnsafeFileError):
            return {}
        if not isinstance(document, dict) or document.get("stamp") != self._stamp:
            return {}
        entries = document.get("entries")
        return entries if isinstance(entries, dict) else {}


def identities(files: Sequence[str]) -> dict[str, list[int]]:
    """Return the present identity of each file."""
    return {file: found for file in files if (found := _identity(file))}


def _identity(file: str) -> list[int]:
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return []
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


def _typed(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **part,
        "origin": Origin(part["origin"]),
        "required_env": tuple(part["required_env"]),
        "sources": tuple(part["sources"]),
    }

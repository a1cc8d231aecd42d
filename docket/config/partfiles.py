"""Which files of `conf.d` count; loads nothing, for the commands that read no YAML."""

from __future__ import annotations

import os
from collections.abc import Sequence

_ENDINGS = (".yaml", ".yml")


def part_files(directories: Sequence[str]) -> list[str]:
    """Return the files that count, by name; in an earlier directory a name masks later ones.

    A masking file may be empty, or a link to nothing: then no file of that name counts.
    """
    found: dict[str, str] = {}
    for directory in directories:
        for name in _names(directory):
            found.setdefault(name, os.path.join(directory, name))
    return [found[name] for name in sorted(found)]


def _names(directory: str) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:  # a directory that is missing or unreadable holds no task that could run
        return []
    return [name for name in names if name.endswith(_ENDINGS) and not name.startswith(".")]

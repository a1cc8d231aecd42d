"""Temporary files of an install or a runner that was killed while it wrote."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress

from docket.app.install.changes import task_of
from docket.files import remove
from docket.paths import Paths

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{12}\.new")
_OLD_SECONDS = 3600.0  # nobody writes one file for so long


def clear_leftovers(paths: Paths, instance: str) -> None:
    """Remove what a killed process left beside units and plans; the install lock is held.

    Only installs of this home write its units. Its plans are written by runs as well: of their
    temporary files only old ones go. What cannot be removed does no harm.
    """
    old = time.time() - _OLD_SECONDS
    for name, entry in _temporaries(paths.unit_dir):
        if task_of(name, instance) is not None:
            with suppress(OSError):
                remove(entry.path)
    for _name, entry in _temporaries(paths.plan_dir):
        with suppress(OSError):
            if entry.stat(follow_symlinks=False).st_mtime < old:
                remove(entry.path)


def _temporaries(directory: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        entries = list(os.scandir(directory))
    except OSError:  # not there yet
        return
    for entry in entries:
        found = _TEMPORARY.fullmatch(entry.name)
        if found is not None:
            yield found["name"], entry

"""What this machine says of watched paths: whether they can be seen, and whether they exist."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import has_magic

from docket.model.task.task import Task

_GLOB = "glob"


def doubts_of_paths(task: Task, *, system: bool) -> Iterator[str]:
    """Yield a sentence for each path that the service manager cannot see, or that exists already.

    The manager of the system sees everything; that of a user sees what the user may see.
    """
    if not task.enabled:
        return
    for spec in task.paths:
        closed = None if system else _closed_above(spec.text, spec.condition)
        if closed is not None:
            yield (
                f"The path {spec.text} cannot be seen by you, as {closed} is closed to you: the"
                " task never starts for it."
            )
        elif spec.condition == "exists" and os.path.exists(spec.text):
            yield (
                f"The path {spec.text} exists now: the task starts as soon as it is watched, and"
                " again after each run until the path is gone."
            )


def _closed_above(path: str, condition: str) -> str | None:
    """Return the first directory above `path` that this user may not look into."""
    parts = path.split("/")[1:-1]
    above = "/"
    for part in parts:
        if condition == _GLOB and has_magic(part):
            return None
        above = os.path.join(above, part)
        if os.path.isdir(above) and not os.access(above, os.X_OK):
            return above
    return None

"""`path` of a schedule: what is watched, as an absolute path."""

from __future__ import annotations

import os

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, ExpansionError
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Section
from docket.model.task.schedule import ScheduleKind, ScheduleSpec

_LONGEST = 4095  # PATH_MAX without its NUL; systemd drops a longer one
_EXPECTED = "an absolute path"


def watched_path(entry: TaskEntry, path: Path, expander: Expander) -> ScheduleSpec | None:
    """Return the trigger that the mapping at `path` describes; None if a mistake is noted."""
    node = entry.node(*path)
    if not isinstance(node, Section):
        return None
    (kind,) = node.entries
    path = (*path, kind)
    text = entry.line(*path)
    found = None if text is None else _absolute(entry, path, text, expander)
    if found is None:
        return None
    return ScheduleSpec(ScheduleKind.PATH, found, entry.path(*path), str(kind))


def _absolute(entry: TaskEntry, path: Path, text: str, expander: Expander) -> str | None:
    name = ".".join(map(str, path))
    try:
        found = expander.expanded(text)
    except ExpansionError as error:
        entry.problem(path, f"`{name}`: {error}", hint="write the path out", code=Code.VARIABLE)
        return None
    if not found.startswith("/"):
        beside = os.path.normpath(expander.path(text))
        entry.problem(
            path,
            f"`{name}` is relative, and the service manager watches absolute paths only",
            expected=_EXPECTED,
            hint=f"write `{beside}`, if the path beside the config is meant",
        )
        return None
    if len(os.fsencode(found)) > _LONGEST:
        entry.problem(path, f"`{name}` is longer than {_LONGEST} bytes", expected=_EXPECTED)
        return None
    return os.path.normpath(found)

"""The entries of the built-in tasks: their keys, their defaults, and what they are handed."""

from __future__ import annotations

from typing import Any

from docket.config.schema import schema as schemas
from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, expanded
from docket.config.task.tasks import class_task
from docket.config.yaml.nodes import Path, Scalar, Sequence
from docket.model.problem import Mark
from docket.model.task.task import Task
from docket.model.task.taskclass import TaskClass

# Each is a path on this machine, or a list of such.
_PATHS = ("archive", "disk_paths", "output", "source")
# Each is a path if it begins like one, else a name on PATH or on another machine.
_MAYBE_PATHS = ("destination", "gog_bin", "hbackup_bin", "remote")
_BEGINNINGS = ("/", "~/", "./", "../")
_IDLE_SECONDS = 1800.0


def built_in_task(
    entry: TaskEntry,
    mark: Mark | None,
    expander: Expander,
    built_in: TaskClass,
    files: tuple[str, ...],
) -> Task:
    """Return the task of a built-in class with its entry, which the schema has accepted."""
    task = class_task(entry, mark, expander, built_in, files, frozenset())
    assert task.python is not None
    config = _own(entry, schemas.built_in_definition(built_in.name), expander)
    idle = task.idle_timeout_seconds
    if built_in.network:  # a program does the work, and may hang
        idle = idle if entry.has("idle_timeout_seconds") else _IDLE_SECONDS
        config |= {"idle_timeout_seconds": idle, "grace_seconds": task.grace_seconds}
    return task.replace(
        built_in=True,
        deletes=built_in.deletes is not None and built_in.deletes(config),
        python=task.python.replace(config=config),
        idle_timeout_seconds=idle,
        # A task without an entry runs by hand only, whatever `defaults:` say.
        schedules=task.schedules if mark is not None else (),
    )


def _own(entry: TaskEntry, name: str, expander: Expander) -> dict[str, Any]:
    """Return the keys that are the task's own, with every path made absolute."""
    shared = schemas.key_names("class_task")
    known = [key for key in schemas.key_names(name) if key not in (*shared, "type")]
    found = {key: entry.value(key) for key in known if entry.has(key)}
    for key in _PATHS:
        node = entry.node(key)
        if isinstance(node, Sequence):
            paths = (_path(entry, expander, (key, i)) for i in range(len(node.items)))
            found[key] = [path for path in paths if path is not None]
        elif isinstance(node, Scalar):
            found[key] = _path(entry, expander, (key,))
    for key in _MAYBE_PATHS:
        node = entry.node(key)
        if isinstance(node, Scalar) and node.text.startswith(_BEGINNINGS):
            found[key] = _path(entry, expander, (key,))
    return found


def _path(entry: TaskEntry, expander: Expander, path: Path) -> str | None:
    node = entry.node(*path)
    return expanded(entry, expander, path, node.text if isinstance(node, Scalar) else "")

"""Plans as they are on the disk, and whether the files that they came from are still the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from docket.app.catalog.planshape import damaged_part
from docket.files import is_ours, is_safe_lock_directory, read_plain
from docket.model.names import is_safe_name
from docket.model.plan import Plan, Source
from docket.paths import Paths

_SUFFIX = ".json"
_MISSING = -1  # the mtime of a source that was not there


def read_plan(paths: Paths, task: str) -> Plan | None:
    """Return the plan of a task; None if there is none that can be used."""
    if not is_safe_name(task):
        return None
    try:
        data, status = read_plain(paths.plan(task))
        if not is_ours(status):
            return None  # the runner refuses it too
        plan = Plan.from_text(data.decode(errors="surrogateescape"))
    except (OSError, ValueError):
        return None
    if damaged_part(plan) is not None:
        return None
    return plan if is_safe_lock_directory(plan.lock_dir) else None


def planned_tasks(paths: Paths) -> list[str]:
    """Return the names of the tasks that have a plan file."""
    try:
        names = os.listdir(paths.plan_dir)
    except OSError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return sorted(stem for stem in stems if is_safe_name(stem))


def plans(paths: Paths) -> Iterator[Plan]:
    """Yield every plan that can be used."""
    for task in planned_tasks(paths):
        plan = read_plan(paths, task)
        if plan is not None:
            yield plan


def is_fresh(sources: Sequence[Source]) -> bool:
    """Whether none of the files that a plan came from has changed since; one stat each."""
    return all(_unchanged(source) for source in sources)


def _unchanged(source: Source) -> bool:
    try:
        found = os.stat(source.path)
    except OSError:
        return source.mtime_ns == _MISSING
    identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return identity == source.identity()

"""Followers that are installed without the task before them, whose unit does not start them yet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from docket.app.install import notes
from docket.files import read_text
from docket.model.names import service_unit

if TYPE_CHECKING:
    from docket.app.catalog.compilation import Compilation
    from docket.model.problem import Problem
    from docket.model.task.task import Task
    from docket.paths import Paths

_LINE = "--start-followers"


def unled_followers(paths: Paths, compilation: Compilation) -> Iterator[Problem]:
    """Yield a note for each compiled follower that an installed unit does not start yet.

    A task before it that has no unit starts it from its runner.
    """
    tasks, instance = compilation.config.tasks, compilation.place.instance
    for leader in tasks.values():
        if not leader.leads or leader.name in compilation.bundles:
            continue
        unit = os.path.join(paths.unit_dir, service_unit(leader.name, instance))
        names = _following(tasks, leader.name) & compilation.bundles.keys()
        if names and _is_without_line(unit):
            for name in sorted(names):
                yield notes.not_led(compilation.bundles[name].task, leader.name)


def _following(tasks: Mapping[str, Task], leader: str) -> set[str]:
    """Return what follows a run of the task, or of those that its unit runs first."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [leader]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in tasks:
            continue
        seen.add(name)
        found.update(one.task for one in tasks[name].followers)
        waiting += tasks[name].depends_on
    return found


def _is_without_line(path: str) -> bool:
    try:
        text = read_text(path)
    except OSError:
        return False
    return text is not None and _LINE not in text

"""`depends_on` over all tasks: names that no task has, and circles."""

from __future__ import annotations

from collections.abc import Mapping

from docket.config.schema.complaints import Complaints
from docket.config.task.circles import MOST_SEARCHES, circles
from docket.model.task.task import Task
from docket.model.text.nearest import nearest


def check_dependencies(
    tasks: Mapping[str, Task], known: frozenset[str], complaints: Mapping[str, Complaints]
) -> None:
    """Note dependencies on tasks that do not exist, and those that lead back to themselves.

    `complaints` are those of the file that each task is in.
    """
    searches = 0
    for name, task in tasks.items():
        for index, other in enumerate(task.depends_on):
            if other in known:
                continue
            searches += 1
            near = nearest(other, known - {name}) if searches <= MOST_SEARCHES else None
            complaints[name].problem(
                ("tasks", name, "depends_on", index),
                f"there is no task `{ascii(other)[1:-1]}` to depend on",
                expected="the name of another task",
                hint=f"did you mean `{near}`?" if near else None,
            )
    ways = circles({name: task.depends_on for name, task in tasks.items()})
    for name in tasks:
        if name in ways:
            complaints[name].problem(
                ("tasks", name, "depends_on"),
                f"Task dependency cycle detected: {' -> '.join(ways[name])}",
                expected="tasks that do not depend on this one in turn",
            )

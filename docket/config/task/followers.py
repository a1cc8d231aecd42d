"""`after` over all tasks: names that no task has, circles, and who follows whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from docket.config.schema.complaints import Complaints
from docket.config.task.circles import MOST_SEARCHES, circles
from docket.model.task.task import Follower, Task
from docket.model.text.nearest import nearest


def check_upstream(
    tasks: Mapping[str, Task], known: frozenset[str], complaints: Mapping[str, Complaints]
) -> None:
    """Note each `after` that names no task, and tasks that would start each other for ever.

    `complaints` are those of the file that each task is in.
    """
    searches = 0
    for name, task in tasks.items():
        for spec in task.after:
            if spec.text in known:
                continue
            searches += 1
            near = nearest(spec.text, known - {name}) if searches <= MOST_SEARCHES else None
            complaints[name].problem(
                spec.key if spec.key[0] != "defaults" else ("tasks", name),
                f"there is no task `{ascii(spec.text)[1:-1]}` to start after",
                expected="the name of another task",
                hint=f"did you mean `{near}`?" if near else None,
            )
    ways = circles(_started_by(tasks))
    for name, task in tasks.items():
        if name in ways and task.after:
            complaints[name].problem(
                ("tasks", name, "schedule"),
                f"these tasks would start each other for ever: {' -> '.join(ways[name])}",
                expected="tasks that do not start after this one in turn",
                hint="`a -> b` here is: a run of a leads to a run of b, by `after` or `depends_on`",
            )


def with_followers(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """Return the tasks, each with those that start after it."""
    followers: dict[str, list[Follower]] = {}
    for name, task in tasks.items():
        for spec in task.after if task.enabled else ():
            followers.setdefault(spec.text, []).append(Follower(name, spec.condition))
    if not followers:
        return dict(tasks)
    return {
        name: task.replace(
            followers=tuple(dict.fromkeys(followers.get(name, ()))),
            leads=_leads(name, tasks, followers.keys()),
        )
        for name, task in tasks.items()
    }


def _leads(name: str, tasks: Mapping[str, Task], followed: Collection[str]) -> bool:
    """Whether something follows the task, or one of those that run before it in its own unit."""
    waiting, seen = [name], set()
    while waiting:
        task = waiting.pop()
        if task in followed:
            return True
        if task not in seen and task in tasks:
            seen.add(task)
            waiting += tasks[task].depends_on
    return False


def _started_by(tasks: Mapping[str, Task]) -> dict[str, list[str]]:
    """Return for each task those that a run of it leads to, each with the other."""
    found = {name: list(task.depends_on) for name, task in tasks.items()}
    if not any(task.after for task in tasks.values()):
        return {}
    for name, task in tasks.items():
        for spec in task.after:
            if spec.text in found:
                found[spec.text].append(name)
    return found

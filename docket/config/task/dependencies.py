"""`depends_on` over all tasks: names that no task has, and circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from docket.config.schema.complaints import Complaints
from docket.model.task.task import Task
from docket.model.text.nearest import nearest

_MOST_SEARCHES = 100  # limit for nearest names and cycles; later mistakes have neither
_MOST_SHOWN = 12

Below = Mapping[str, Sequence[str]]


def check_dependencies(
    tasks: Mapping[str, Task], known: frozenset[str], complaints: Complaints
) -> None:
    """Note dependencies on tasks that do not exist, and those that lead back to themselves."""
    searches = 0
    for name, task in tasks.items():
        for index, other in enumerate(task.depends_on):
            if other in known:
                continue
            searches += 1
            near = nearest(other, known - {name}) if searches <= _MOST_SEARCHES else None
            complaints.problem(
                ("tasks", name, "depends_on", index),
                f"there is no task `{ascii(other)[1:-1]}` to depend on",
                expected="the name of another task",
                hint=f"did you mean `{near}`?" if near else None,
            )
    ways = _circles({name: task.depends_on for name, task in tasks.items()})
    for name in tasks:
        if name in ways:
            complaints.problem(
                ("tasks", name, "depends_on"),
                f"Task dependency cycle detected: {' -> '.join(ways[name])}",
                expected="tasks that do not depend on this one in turn",
            )


def _circles(below: Below) -> dict[str, list[str]]:
    """Return the tasks that depend on themselves, each with a way back to itself to show."""
    found: dict[str, list[str]] = {}
    searches = 0
    for group in _strong_groups(below):
        inside = {name: [other for other in below[name] if other in group] for name in group}
        for name in sorted(group):
            if name in found or not inside[name]:
                continue
            searches += 1
            circle = _circle(name, inside) if searches <= _MOST_SEARCHES else [name]
            for at, member in enumerate(circle):
                found.setdefault(member, _shown(circle, at, whole=searches <= _MOST_SEARCHES))
    return found


def _shown(circle: Sequence[str], at: int, *, whole: bool) -> list[str]:
    """Return the way round a circle that begins and ends at one of its tasks, shortened."""
    size = len(circle)
    names = [circle[(at + step) % size] for step in range(min(size, _MOST_SHOWN))]
    left_out = [] if whole and size <= _MOST_SHOWN else ["..."]
    return [*names, *left_out, circle[at]]


def _circle(name: str, below: Below) -> list[str]:
    """Return the tasks of a way from `name` back to it; there is one."""
    before: dict[str, str] = {}
    waiting = [name]
    while waiting:
        task = waiting.pop()
        for other in below[task]:
            if other == name:
                way = [task]
                while way[-1] != name:
                    way.append(before[way[-1]])
                return way[::-1]
            if other not in before:
                before[other] = task
                waiting.append(other)
    return [name]


def _strong_groups(below: Below) -> Iterator[frozenset[str]]:
    """Yield the largest groups of tasks that all lead to each other (Tarjan), in linear time."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for start in below:
        if start in order:
            continue
        work: list[tuple[str, Iterator[str]]] = [(start, iter(below[start]))]
        order[start] = lowest[start] = len(order)
        path.append(start)
        on_path.add(start)
        while work:
            name, others = work[-1]
            for other in others:
                if other not in below:
                    continue
                if other not in order:
                    order[other] = lowest[other] = len(order)
                    path.append(other)
                    on_path.add(other)
                    work.append((other, iter(below[other])))
                    break
                if other in on_path:
                    lowest[name] = min(lowest[name], order[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == order[name]:
                    group = _cut(path, name)
                    on_path -= group
                    yield group


def _cut(path: list[str], name: str) -> frozenset[str]:
    """Remove everything from `name` on from the path."""
    taken = [path.pop()]
    while taken[-1] != name:
        taken.append(path.pop())
    return frozenset(taken)

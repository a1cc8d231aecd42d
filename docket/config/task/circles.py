"""Circles in what leads from task to task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

MOST_SEARCHES = 100  # limit for nearest names and cycles; later mistakes get neither
_MOST_SHOWN = 12

Below = Mapping[str, Sequence[str]]


def circles(below: Below) -> dict[str, list[str]]:
    """Return the tasks that lead back to themselves, each with a way to show."""
    found: dict[str, list[str]] = {}
    searches = 0
    for group in _strong_groups(below):
        inside = {name: [other for other in below[name] if other in group] for name in group}
        for name in sorted(group):
            if name in found or not inside[name]:
                continue
            searches += 1
            circle = _circle(name, inside) if searches <= MOST_SEARCHES else [name]
            for at, member in enumerate(circle):
                found.setdefault(member, _shown(circle, at, whole=searches <= MOST_SEARCHES))
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

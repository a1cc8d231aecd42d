"""The keys that say what a run's end means, and when a run has to stand back."""

from __future__ import annotations

from collections.abc import Mapping

from docket.config.complaints import Complaints
from docket.config.entry import Entry
from docket.model.exitcodes import ExitMeaning
from docket.model.nearest import nearest
from docket.model.period import Period
from docket.model.states import Overlap
from docket.model.task import Task


def exit_codes(entry: Entry) -> dict[int, ExitMeaning]:
    """Return the exit codes that have a meaning of their own."""
    return {int(code): ExitMeaning(word) for code, word in entry.value("exit_codes", {}).items()}


def once_per(entry: Entry) -> Period | None:
    """Return the period in which one success is enough."""
    value = entry.value("once_per")
    if value is not None and entry.value("overlap") == Overlap.ALLOW:
        entry.warn(
            ("once_per",),
            "`once_per` cannot tell runs that go on side by side, as `overlap: allow` lets them",
            hint="leave `overlap` out, or use `queue`",
        )
    return None if value is None else Period(value)


def grouped(entry: Entry, task: Task, groups: Mapping[str, int] | None) -> Task:
    """Return `task` with the slots of its group; a group that the file does not have is noted."""
    if not task.group or groups is None:
        return task
    if task.group in groups:
        return task.replace(group_slots=groups[task.group])
    near = nearest(task.group, tuple(groups))
    entry.problem(
        ("group",),
        f"there is no group `{task.group}`",
        expected="a name that stands under `groups:` at the top of the file",
        hint=f"did you mean `{near}`?" if near else "add it under `groups:`",
    )
    return task


def check_dependencies(
    tasks: Mapping[str, Task], known: frozenset[str], complaints: Complaints
) -> None:
    """Note dependencies on tasks that there are not, and those that lead back to themselves."""
    for name, task in tasks.items():
        for index, other in enumerate(task.depends_on):
            if other in known:
                continue
            near = nearest(other, tuple(known - {name}))
            complaints.problem(
                ("tasks", name, "depends_on", index),
                f"there is no task `{ascii(other)[1:-1]}` to depend on",
                expected="the name of another task",
                hint=f"did you mean `{near}`?" if near else None,
            )
    for name in tasks:
        circle = _circle(name, tasks)
        if circle:
            complaints.problem(
                ("tasks", name, "depends_on"),
                f"Task dependency cycle detected: {' -> '.join(circle)}",
                expected="tasks that do not depend on this one in turn",
            )


def _circle(name: str, tasks: Mapping[str, Task]) -> list[str]:
    """Return a way from the task back to itself, [] where there is none."""
    before: dict[str, str] = {}
    waiting = [name]
    while waiting:
        task = waiting.pop()
        for other in tasks[task].depends_on if task in tasks else ():
            if other == name:
                way = [name, task]
                while way[-1] != name:
                    way.append(before[way[-1]])
                return way[::-1] if task != name else [name, name]
            if other not in before:
                before[other] = task
                waiting.append(other)
    return []

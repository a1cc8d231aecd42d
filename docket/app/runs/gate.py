"""The gate before destructive tasks: checked before a run is recorded, and again by the runner."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.catalog.lookup import current_plan
from docket.app.runs.run import destructive_refused
from docket.app.session.session import Session
from docket.model.plan import Plan


def refuse_destructive(session: Session, task: str) -> None:
    """Raise DestructiveRefusedError if no agent may run the task, or one that it runs first.

    The plan that each run would use decides. Raises what `current_plan` raises:
    if a dependency cannot be known, nothing is let through.
    """
    for way, plan in tree_of(session, task):
        if plan.closed_to_agents:
            why = why_refused(way, plan.closed_to_agents)
            raise destructive_refused(task, why, through=list(way[1:]))


def tree_of(session: Session, task: str) -> Iterator[tuple[tuple[str, ...], Plan]]:
    """Give the plan of a task, and of each that it runs first, with the way that leads there.

    Raises what `current_plan` raises.
    """
    seen: set[str] = set()
    waiting: list[tuple[str, ...]] = [(task,)]
    while waiting:
        way = waiting.pop()
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        plan = current_plan(session, way[-1])
        yield way, plan
        waiting += [(*way, below) for below in plan.depends_on]


def with_followers(session: Session, task: str) -> list[str]:
    """Return a task, those that start after it, those after these, and so on.

    Raises what `current_plan` raises.
    """
    found = [task]
    for name in found:
        followers = (follower for follower, _on in current_plan(session, name).followers)
        found += [one for one in dict.fromkeys(followers) if one not in found]
    return found


def why_refused(way: tuple[str, ...], reason: str) -> str:
    """Return the sentence that says which task on the way is refused, for a `reason` "it ..."."""
    if len(way) == 1:
        return f"It {reason}."
    below = ", which runs ".join(repr(name) for name in way[1:])
    return f"It first runs {below}, which {reason}."

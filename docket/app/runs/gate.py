"""The gate before destructive tasks: checked before a run is recorded, and again by the runner."""

from __future__ import annotations

from docket.app.catalog.lookup import current_plan
from docket.app.runs.run import destructive_refused
from docket.app.session.session import Session


def refuse_destructive(session: Session, task: str) -> None:
    """Raise DestructiveRefusedError if no agent may run the task, or one that it runs first.

    The plan that each run would use decides. Raises what `current_plan` raises:
    where a dependency cannot be known, nothing is let through.
    """
    seen: set[str] = set()
    waiting: list[tuple[str, ...]] = [(task,)]
    while waiting:
        way = waiting.pop()
        name = way[-1]
        if name in seen:
            continue
        seen.add(name)
        plan = current_plan(session, name)
        if plan.closed_to_agents:
            why = _why(way, plan.closed_to_agents)
            raise destructive_refused(task, why, through=list(way[1:]))
        waiting += [(*way, below) for below in plan.depends_on]


def _why(way: tuple[str, ...], reason: str) -> str:
    if len(way) == 1:
        return f"It {reason}."
    below = ", which runs ".join(repr(name) for name in way[1:])
    return f"It first runs {below}, which {reason}."

"""Which tasks follow an end, and which ends of the last day nobody let them follow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.catalog.planfiles import plans, read_plan
from docket.app.fires.switches import Switches
from docket.app.record.owedhooks import Owed
from docket.store.owed import ends_of, followed_ends

if TYPE_CHECKING:
    from docket.app.session.session import Session
    from docket.model.plan import Plan

_SINCE_US = 86_400_000_000
_SETTLED_US = 15 * 60_000_000  # how long the unit of the run may still be about to start them


def followers(session: Session, task: str, status: str) -> Iterator[str]:
    """Yield the tasks that start when a run of `task` has ended so."""
    plan = read_plan(session.paths, task)
    if plan is None:
        return
    switches = Switches(session.paths)
    off = switches.followers_off()
    for name in plan.followers_after(status):
        own = read_plan(session.paths, name)
        if own is None or name in off or switches.off([own.timer_unit]):
            continue
        if os.path.exists(os.path.join(session.paths.unit_dir, own.unit)):  # it is installed
            yield name


def left_out(session: Session, state_db: str) -> list[Owed]:
    """Return the runs of the last day whose followers were not started: their starter died.

    What was switched or installed since may not have followed then, and is left alone.
    """
    now_us = session.now_us()
    found = []
    for plan in plans(session.paths):
        if not plan.followers:
            continue
        ends = ends_of(state_db, plan.task, now_us - _SINCE_US, now_us - _SETTLED_US)
        names = {name for name, _on in plan.followers}
        followed = followed_ends(state_db, sorted(names), [end.run_id for end in ends])
        found += [
            Owed(plan.task, end.run_id)
            for end in ends
            if end.plan_hash == plan.plan_hash
            and any(
                (name, end.run_id) not in followed and _was_so(session, name, end.finished_us)
                for name in followers(session, plan.task, end.status)
            )
        ]
    return found


def _was_so(session: Session, name: str, since_us: int) -> bool:
    """Whether nothing that decides on starting the follower has changed since an instant."""
    own: Plan | None = read_plan(session.paths, name)
    if own is None:
        return False
    switches = Switches(session.paths)
    places = (
        os.path.join(session.paths.unit_dir, own.unit),
        switches.followers_list,
        *([switches.link(own.timer_unit)] if own.timer_unit else []),
    )
    return all(_changed_us(place) <= since_us for place in places)


def _changed_us(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns // 1000
    except OSError:
        return 0

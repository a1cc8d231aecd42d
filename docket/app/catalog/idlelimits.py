"""Limits of a task that this machine cannot enforce: the one place that says so."""

from __future__ import annotations

import os
from collections.abc import Iterable

from docket.app.session.session import Session
from docket.model.plan import Plan
from docket.model.task.task import Limits
from docket.systemd.controllers import controllers

# The keys of `limits` that need a controller, with its name, and the unit's property for each.
_NEEDS = {
    "memory": ("memory", "MemoryMax"),
    "memory_high": ("memory", "MemoryHigh"),
    "swap": ("memory", "MemorySwapMax"),
    "cpu": ("cpu", "CPUQuotaPerSecUSec"),
    "cpu_weight": ("cpu", "CPUWeight"),
    "io_weight": ("io", "IOWeight"),
    "tasks": ("pids", "TasksMax"),
}
_FIELDS = {"cpu": "cpu_percent"}  # of Limits, if they are not named as the key is
DELEGATE_HINT = "An administrator can set Delegate= of user@.service."


def idle_limits(session: Session, limits: Limits) -> tuple[str, ...]:
    """Return the keys of `limits` that have no effect here; none if that is not known."""
    keys = (key for key in _NEEDS if getattr(limits, _FIELDS.get(key, key)) is not None)
    return _without_controller(session, keys)


def idle_limits_of(session: Session, plan: Plan) -> tuple[str, ...]:
    """Return the keys of the limits in the plan's unit that have no effect here."""
    known = {one[0] for one in plan.service}
    return _without_controller(session, (key for key, (_, name) in _NEEDS.items() if name in known))


def no_effect(keys: Iterable[str], *, system: bool) -> str:
    """Return the sentence about limits that have no effect."""
    names = [f"limits.{key}" for key in keys]
    lacking = sorted({_NEEDS[key][0] for key in keys})
    who = "this machine's control groups" if system else "the user's service manager"
    word = "controller" if len(lacking) == 1 else "controllers"
    have = "has" if len(names) == 1 else "have"
    return f"{_and(names)} {have} no effect: {who} cannot use the {word} {_and(lacking)}."


def limit_warnings(session: Session, plan: Plan) -> tuple[str, ...]:
    """Return the warning about limits without effect for a run of the plan."""
    idle = idle_limits_of(session, plan)
    return (no_effect(idle, system=session.paths.system),) if idle else ()


def _without_controller(session: Session, keys: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(keys)
    if not wanted:
        return ()
    known = controllers(system=session.paths.system, uid=os.getuid(), root=session.cgroup_root)
    return () if known is None else tuple(key for key in wanted if _NEEDS[key][0] not in known)


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

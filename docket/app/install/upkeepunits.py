"""The maintenance units: they come with the first timer, and go with the last."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from docket.app.install.changes import Action, Change, DiskUnit, Ownership, differences, task_of
from docket.compiler.bundle import Place
from docket.compiler.upkeep import SERVICE_TEMPLATE, TIMER_TEMPLATE, upkeep_units
from docket.model.names import MAINTENANCE, STARTERS

_TEMPLATES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "units"
)


def upkeep_changes(
    place: Place,
    changes: Sequence[Change],
    on_disk: frozenset[str],
    disk: Mapping[str, DiskUnit],
    owner: Ownership,
) -> tuple[Change, ...]:
    """Return the changes to the maintenance units after `changes` to the tasks' units.

    `on_disk` are the names of all unit files that may be tasks', `disk` what was read of them.
    """
    decided = {change.name for change in changes}
    timers = [c for c in changes if c.is_starter and c.action is not Action.REMOVE]
    others = [name for name in on_disk - decided if _is_timer_of_task(name, owner.instance)]
    compiled = {MAINTENANCE: upkeep_units(_templates(), place)} if timers or others else {}
    own = {n: unit for n, unit in disk.items() if task_of(n, owner.instance) == MAINTENANCE}
    return differences(compiled, own, owner, removable={MAINTENANCE: True})


def _is_timer_of_task(name: str, instance: str) -> bool:
    return name.endswith(STARTERS) and task_of(name, instance) != MAINTENANCE


def _templates() -> dict[str, str]:
    found = {}
    for name in (SERVICE_TEMPLATE, TIMER_TEMPLATE):
        with open(os.path.join(_TEMPLATES, name), encoding="utf-8") as file:
            found[name] = file.read()
    return found

"""`require` as conditions of a unit: systemd.unit(5), "Conditions and Asserts"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from docket.model.task.task import Requirement, Task

_OF_PATHS = {"mounted": "ConditionPathIsMountPoint", "exists": "ConditionPathExists"}


class ConditionWriter(Protocol):
    """What takes a directive with a value of the user's."""

    def value(self, directive: str, text: str, key: str) -> None:
        """Add one directive with the value that the user's `key` gives it."""


def write_conditions(text: ConditionWriter, task: Task) -> None:
    """Tell `text` those requirements that systemd can check before it starts anything.

    The runner checks all of them again.
    """
    for one in task.require:
        for directive, value in _conditions(one):
            text.value(directive, value, f"require.{one.kind}")


def without_condition(task: Task) -> list[str]:
    """Return the kinds of requirements that no condition can say."""
    return [one.kind for one in task.require if not list(_conditions(one))]


def _conditions(one: Requirement) -> Iterator[tuple[str, str]]:
    if one.kind in _OF_PATHS:
        yield _OF_PATHS[one.kind], one.words[0]
    elif one.kind == "ac_power":
        yield "ConditionACPower", "true" if one.number else "false"
    elif one.kind == "host" and len(one.words) == 1:
        # Several would be alternatives (`|`) among all other conditions of the unit.
        yield "ConditionHost", one.words[0]

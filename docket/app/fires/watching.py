"""The unit that watches the paths of a task: whether it does, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.errors import BusError
from docket.model.names import path_unit_of
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.task.task import Task

if TYPE_CHECKING:
    from docket.app.fires.shapes import WatchDocument

TRIGGER_LIMIT = "trigger-limit-hit"
_TROUBLES = {
    "inactive": "its paths are not watched: {unit} is off",
    "not installed": "its paths are not watched: {unit} is not installed",
    "failed": "its paths are not watched: {unit} has failed ({result})",
}
_TOO_OFTEN = (
    "its paths are not watched any more: {unit} started the task too often, as what it waits for"
    " is still there after a run"
)


class Watch(Record):
    """A task's path unit. `state` is active, inactive, failed, not installed, masked or unknown.

    `result` is why it failed, as systemd names it; `triggers` are what it waits for, in words.
    """

    unit: str
    state: str
    enabled: bool | None
    triggers: tuple[str, ...] = ()
    result: str = ""

    @property
    def trouble(self) -> str:
        """Why it starts nothing, without a capital and a full stop; empty if nothing is known."""
        if self.state in ("active", "unknown"):
            return ""
        if self.result == TRIGGER_LIMIT:
            return _TOO_OFTEN.format(unit=self.unit)
        words = _TROUBLES.get(self.state, "its paths are not watched: {unit} is {state}")
        return words.format(unit=self.unit, state=self.state, result=self.result)

    @property
    def odd(self) -> bool:
        """Whether nobody can have wanted the trouble: it is not just off, or not yet installed."""
        wanted = self.state == "not installed" or (self.state == "inactive" and not self.enabled)
        return bool(self.trouble) and not wanted

    def document(self) -> WatchDocument:
        """Return it as a JSON object."""
        return {
            "unit": self.unit,
            "state": self.state,
            "enabled": self.enabled,
            "result": self.result or None,
            "triggers": list(self.triggers),
        }


def path_unit_name(task: Task | None, plan: Plan | None, timer: str) -> str | None:
    """Return the path unit of a task whose timer would be `timer`; None if it watches nothing.

    `task` is None if the config cannot be used: then its plan counts.
    """
    unit = path_unit_of(timer)
    if task is None:
        return unit if plan is not None and unit in plan.unit_hashes else None
    return unit if task.paths and task.enabled else None


def watch_of(
    session: Session,
    task: Task | None,
    unit: str | None,
    states: Mapping[str, UnitState] | None,
) -> Watch | None:
    """Return the state of the path unit; `states` are None if the manager did not answer."""
    if unit is None:
        return None
    triggers = () if task is None else tuple(spec.shown for spec in task.paths)
    if states is None:
        return Watch(unit, "unknown", None, triggers)
    state = states.get(unit)
    if state is None:
        return Watch(unit, "not installed", None, triggers)
    words = {"not-found": "not installed", "loaded": state.active_state}
    word = words.get(state.load_state, state.load_state)
    enabled = state.unit_file_state.startswith("enabled")
    result = _result(session, unit) if word == "failed" else ""
    return Watch(unit, word, enabled, triggers, result)


def _result(session: Session, unit: str) -> str:
    try:
        return session.units().detail(unit).result
    except BusError:
        return ""

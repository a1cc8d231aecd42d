"""Units that a task's `unit:` names and that its service manager does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from docket.errors import BusError
from docket.model.names import unit_stem
from docket.model.task.task import Task

if TYPE_CHECKING:
    from docket.app.session.session import Session

# Directives of [Unit] that name units; without those of the first kind the task does not start.
_NEEDING = ("Requires", "Requisite", "BindsTo")
_WISHING = (
    *("After", "Before", "Wants", "Upholds", "PartOf", "Conflicts", "OnSuccess", "OnFailure"),
    *("PropagatesReloadTo", "PropagatesStopTo", "StopPropagatedFrom", "JoinsNamespaceOf"),
)
# Where a user's service manager cannot be asked: those that it surely does not have.
_OF_THE_SYSTEM = frozenset(
    f"{name}.target"
    for name in (
        *("network", "network-online", "network-pre", "nss-lookup", "nss-user-lookup", "rpcbind"),
        *("time-set", "time-sync", "sysinit", "multi-user", "graphical", "local-fs", "remote-fs"),
        *("cryptsetup", "swap", "machines", "getty", "first-boot-complete"),
    )
)
_NETWORK = ("network.target", "network-online.target", "network-pre.target")


def missing_units(
    session: Session, tasks: Iterable[Task], known: Iterable[str], instance: str
) -> Mapping[str, tuple[str, ...]]:
    """Return a sentence for each unit that a task names and the manager does not have, by task.

    The units of the tasks `known` are there once they are installed.
    """
    named = {task.name: list(_named(task)) for task in tasks if "Unit" in task.unit}
    stems = {unit_stem(task, instance) for task in known}
    units = {unit for pairs in named.values() for _, unit in pairs}
    asked = sorted(unit for unit in units if unit.rpartition(".")[0] not in stems)
    system = session.paths.system
    lacking = _lacking(session, asked)
    return {
        task: tuple(_sentence(key, unit, system=system) for key, unit in pairs if unit in lacking)
        for task, pairs in named.items()
    }


def _named(task: Task) -> Iterator[tuple[str, str]]:
    """Yield each directive with each unit that it names; specifiers are left to systemd."""
    for key in (*_NEEDING, *_WISHING):
        for value in task.unit["Unit"].get(key, ()):
            yield from ((key, unit) for unit in value.split() if "%" not in unit)


def _lacking(session: Session, units: list[str]) -> frozenset[str]:
    if not units:
        return frozenset()
    try:
        states = session.units().states(units)
    except BusError:
        return frozenset() if session.paths.system else _OF_THE_SYSTEM.intersection(units)
    return frozenset(name for name, state in states.items() if state.load_state == "not-found")


def _sentence(key: str, unit: str, *, system: bool) -> str:
    who = "the system's service manager" if system else "a user's service manager"
    effect = "the task cannot start" if key in _NEEDING else "it has no effect"
    way_out = " `require: {online: true}` waits for a network." if unit in _NETWORK else ""
    return f"`unit.Unit.{key}` names {unit}, which {who} does not have here: {effect}.{way_out}"

"""The states of many units in few calls, and of one unit with more of it.

One call names them all. What the manager has no list of is asked for each unit that has it: when
a timer fires and fired (of all timers in a few writes over the manager's private socket, if it
can be opened), and what changed on the disk since it was loaded. Never asked for is
`UnitFileState`, nor everything of a unit at once, which contains it (see `unitfiles`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket.model.unitstate import UnitDetail, UnitState
from docket.systemd.privatesocket import read_properties
from docket.systemd.unitfiles import UnitFiles

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_UNIT = "org.freedesktop.systemd1.Unit"
_TIMER = "org.freedesktop.systemd1.Timer"
_SERVICE = "org.freedesktop.systemd1.Service"
_KINDS = {"timer": _TIMER, "path": "org.freedesktop.systemd1.Path"}
_INSTANTS = ("NextElapseUSecRealtime", "NextElapseUSecMonotonic", "LastTriggerUSec")
_NEVER_US = 2**64 - 1
_NOT_FOUND = ("not-found", "inactive", "")


class UnitStates:
    """One look at the manager and at its unit directories."""

    def __init__(self, bus: Connection, environ: Mapping[str, str], *, system: bool) -> None:
        self._bus = bus
        self._environ = environ
        self._system = system
        directories = bus.manager_property("UnitPath", "as")
        self._files = UnitFiles(directories)
        self._loaded_us = _loaded_us(bus)

    def of(self, names: Sequence[str]) -> Iterator[UnitState]:
        """Yield the state of each unit; one that has no file is `not-found`."""
        seen = set()
        rows = self._bus.units_by_names(names)
        fires = self._fires_of([row for row in rows if _is_active_timer(row)])
        for row in rows:
            state = UnitState(**self._known(row, fires))
            seen.add(state.name)
            yield state
        # The manager leaves out what can be no unit's name.
        yield from (UnitState(name, *_NOT_FOUND) for name in names if name not in seen)

    def detail(self, name: str) -> UnitDetail:
        """Return the state of one unit with its last result and invocation."""
        row = next(iter(self._bus.units_by_names([name])), None)
        if row is None:
            return UnitDetail(name, *_NOT_FOUND)
        path = row[6]
        own = _KINDS.get(name.rpartition(".")[2], _SERVICE)
        invocation = self._get(path, _UNIT, "InvocationID", "ay")
        result = self._get(path, own, "Result", "s") if row[2] == "loaded" else ""
        return UnitDetail(
            **self._known(row, self._fires_of([row] if _is_active_timer(row) else [])),
            result=result,
            invocation_id=invocation.hex(),
            active_since_us=instant(self._get(path, _UNIT, "ActiveEnterTimestamp", "t")),
            **(self._failure(path) if row[3] == "failed" and own == _SERVICE else {}),
        )

    def _failure(self, path: str) -> dict[str, Any]:
        exited = self._get(path, _SERVICE, "ExecMainCode", "i") == os.CLD_EXITED
        status = self._get(path, _SERVICE, "ExecMainStatus", "i")
        return {
            "changed_us": instant(self._get(path, _UNIT, "StateChangeTimestamp", "t")),
            "exit_status": int(status) if exited else None,
        }

    def _known(
        self, row: Sequence[Any], fires: Mapping[str, Mapping[str, int | None]]
    ) -> dict[str, Any]:
        name, loaded, active, path = (row[at] for at in (0, 2, 3, 6))
        known = {
            "name": name,
            "load_state": loaded,
            "active_state": active,
        }
        known["unit_file_state"] = self._files.state(known["name"])
        if loaded != "not-found":
            known |= self._on_disk(known["name"], path)
        return {**known, **fires.get(name, {})}

    def _on_disk(self, name: str, path: str) -> dict[str, Any]:
        has_drop_ins = self._files.has_drop_ins(name)
        if not has_drop_ins and not self._files.changed_since(name, self._loaded_us):
            return {}
        paths = self._get(path, _UNIT, "DropInPaths", "as")
        return {
            "needs_reload": bool(self._get(path, _UNIT, "NeedDaemonReload", "b")),
            "drop_in_paths": tuple(paths),
        }

    def _fires_of(self, rows: Sequence[Sequence[Any]]) -> dict[str, dict[str, int | None]]:
        """Return when each active timer fires and fired, by its name."""
        answers = iter(self._instants(rows))
        return {
            row[0]: {
                "next_elapse_us": _next_elapse(instant(realtime), instant(monotonic)),
                "last_trigger_us": instant(last),
            }
            for row, realtime, monotonic, last in zip(rows, answers, answers, answers, strict=True)
        }

    def _instants(self, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Return the properties `_INSTANTS` of each timer, one timer after the other."""
        if not rows:
            return ()
        questions = [(row[0], "Timer", name) for row in rows for name in _INSTANTS]
        found = read_properties(questions, system=self._system, environ=self._environ)
        if found is not None:
            return found
        return [  # through the message bus, one by one
            self._get(row[6], _TIMER, name, "t") for row in rows for name in _INSTANTS
        ]

    def _get(self, path: str, interface: str, name: str, signature: str) -> Any:
        return self._bus.property(path, interface, name, signature)


def _is_active_timer(row: Sequence[Any]) -> bool:
    return bool(row[3] == "active" and row[0].endswith(".timer"))


def _loaded_us(bus: Connection) -> int:
    """When the manager began to read unit files for the last time."""
    reloaded = bus.manager_property("UnitsLoadTimestamp", "t")
    return int(reloaded or bus.manager_property("UnitsLoadStartTimestamp", "t"))


def _next_elapse(realtime: int | None, monotonic: int | None) -> int | None:
    """The next fire by the realtime clock; a monotonic one is counted from now."""
    if monotonic is None:
        return realtime
    now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    by_monotonic = time.time_ns() // 1000 + monotonic - now_us
    return by_monotonic if realtime is None else min(realtime, by_monotonic)


def instant(value: Any) -> int | None:
    """Return an instant in microseconds, None if the manager has none."""
    return int(value) if value and value != _NEVER_US else None

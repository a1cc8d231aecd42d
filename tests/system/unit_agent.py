"""The real UnitManager, called from outside the machine it manages.

Runs beside the manager, as the user it belongs to: one JSON line in names a method and its words,
one line out holds what it returned or the sentence of the BusError that it raised.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docket.app.session.ports import Property
from docket.errors import BusError
from docket.model.unitstate import UnitDetail, UnitState, UnitVariables
from docket.systemd.units import SystemdUnits
from tests.system.seat import REPOSITORY, Seat

LIBRARIES = ("pystemd", "jeepney")
_RUN = f"import sys; sys.path.insert(0, {REPOSITORY!r}); import tests.system.unit_agent as agent; "


def with_only(library: str) -> str:
    """Return Python that hides the other D-Bus libraries, as if they were not installed."""
    hidden = dict.fromkeys(name for name in LIBRARIES if name != library)
    return f"import sys; sys.modules.update({hidden!r}); "


class RemoteUnits:
    """The manager of a seat's scope; each call goes through a process at that seat."""

    def __init__(
        self, seat: Seat, library: str = LIBRARIES[0], *, runtime: str | None = None
    ) -> None:
        """Start the process; it ends with `close`."""
        serve = f"agent.serve(system={seat.system}, runtime={runtime!r})"
        words = [sys.executable, "-c", with_only(library) + _RUN + serve]
        self._process = seat.popen(words)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait(timeout=30)

    def _call(self, method: str, *arguments: Any) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise BusError("the agent has no pipes")
        self._process.stdin.write(json.dumps([method, arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"refused": "it died"}')
        if "refused" in answer:
            raise BusError(answer["refused"], hint=answer.get("hint"))
        return answer["returned"]

    def reload(self) -> None:
        """As UnitManager."""
        self._call("reload")

    def states(self, names: Sequence[str]) -> Mapping[str, UnitState]:
        """As UnitManager."""
        found = self._call("states", list(names))
        return {
            name: UnitState(**{**state, "drop_in_paths": tuple(state["drop_in_paths"])})
            for name, state in found.items()
        }

    def detail(self, name: str) -> UnitDetail:
        """As UnitManager."""
        found = self._call("detail", name)
        return UnitDetail(**{**found, "drop_in_paths": tuple(found["drop_in_paths"])})

    def variables(self, name: str) -> UnitVariables:
        """As UnitManager."""
        found = self._call("variables", name)
        lists = ("environment", "files", "passed", "unset")
        return UnitVariables(**{**found, **{key: tuple(found[key]) for key in lists}})

    def active(self, names: Sequence[str]) -> frozenset[str]:
        """As UnitManager."""
        return frozenset(self._call("active", list(names)))

    def start(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("start", list(names))

    def restart(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("restart", list(names))

    def stop(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("stop", list(names))

    def enable(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("enable", list(names))

    def disable(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("disable", list(names))

    def reset_failed(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("reset_failed", list(names))

    def clean_state(self, names: Sequence[str]) -> None:
        """As UnitManager."""
        self._call("clean_state", list(names))

    def start_transient(self, name: str, properties: Sequence[Property]) -> None:
        """As UnitManager."""
        self._call("start_transient", name, [list(one) for one in properties])

    def run_transient(
        self, name: str, properties: Sequence[Property], passed_on: Callable[[], int]
    ) -> None:
        """No test asks for it: no function goes over the agent's pipe."""
        raise NotImplementedError

    def main_pid(self, name: str) -> int | None:
        """As UnitManager."""
        found = self._call("main_pid", name)
        return None if found is None else int(found)

    def linger(self) -> bool | None:
        """As UnitManager."""
        found = self._call("linger")
        return None if found is None else bool(found)

    def set_linger(self) -> None:
        """As UnitManager."""
        self._call("set_linger")

    def started_us(self) -> int | None:
        """As UnitManager."""
        found = self._call("started_us")
        return None if found is None else int(found)

    def version(self) -> int:
        """As UnitManager."""
        return int(self._call("version"))


def serve(*, system: bool, runtime: str | None) -> None:
    """Answer calls from stdin until it ends."""
    environ = {**os.environ, **({"XDG_RUNTIME_DIR": runtime} if runtime else {})}
    units = SystemdUnits(environ, system=system)
    for line in sys.stdin:
        method, arguments = json.loads(line)
        try:
            answer = {"returned": _plain(getattr(units, method)(*arguments))}
        except BusError as error:
            answer = {"refused": error.sentence, "code": error.code, "hint": error.hint}
        print(json.dumps(answer), flush=True)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {name: state.to_dict() for name, state in value.items()}
    return value.to_dict() if isinstance(value, UnitDetail | UnitVariables) else value

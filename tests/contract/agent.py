"""The real manager spoken to from elsewhere: JSON lines in, JSON lines out.

The tests run outside of the private host whose manager they are about, so a process inside of it
makes the calls for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from docket.errors import BusAbsentError, BusError
from docket.model.unitstate import UnitState


def serve(*, system: bool) -> int:
    """Answer calls on stdin until it ends; return the exit code."""
    from docket.systemd.units import SystemdUnits

    units = SystemdUnits(os.environ, system=system)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"value": _plain(getattr(units, call["call"])(*call["arguments"]))}
        except BusError as error:
            kind = type(error).__name__
            answer = {"error": error.sentence, "hint": error.hint, "kind": kind}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: asdict(state) for name, state in value.items()}
    return sorted(value) if isinstance(value, frozenset) else value


class RemoteUnits:
    """A UnitManager whose calls are made by the process `agent`."""

    def __init__(self, agent: subprocess.Popen[str]) -> None:
        self._agent = agent

    def reload(self) -> None:
        self._call("reload")

    def states(self, names: Sequence[str]) -> Mapping[str, UnitState]:
        found = self._call("states", list(names))
        return {name: UnitState(**_tuples(state)) for name, state in found.items()}

    def active(self, names: Sequence[str]) -> frozenset[str]:
        return frozenset(self._call("active", list(names)))

    def start(self, names: Sequence[str]) -> None:
        self._call("start", list(names))

    def restart(self, names: Sequence[str]) -> None:
        self._call("restart", list(names))

    def stop(self, names: Sequence[str]) -> None:
        self._call("stop", list(names))

    def enable(self, names: Sequence[str]) -> None:
        self._call("enable", list(names))

    def disable(self, names: Sequence[str]) -> None:
        self._call("disable", list(names))

    def reset_failed(self, names: Sequence[str]) -> None:
        self._call("reset_failed", list(names))

    def clean_state(self, names: Sequence[str]) -> None:
        self._call("clean_state", list(names))

    def linger(self) -> bool | None:
        found: bool | None = self._call("linger")
        return found

    def set_linger(self) -> None:
        self._call("set_linger")

    def version(self) -> int:
        found: int = self._call("version")
        return found

    def _call(self, call: str, *arguments: Any) -> Any:
        assert self._agent.stdin is not None
        assert self._agent.stdout is not None
        self._agent.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self._agent.stdin.flush()
        line = self._agent.stdout.readline()
        if not line:
            raise AssertionError(f"the agent ended with {self._agent.wait(timeout=10)} at {call}")
        answer = json.loads(line)
        if "error" in answer:
            error = BusAbsentError if answer["kind"] == "BusAbsentError" else BusError
            raise error(answer["error"], hint=answer["hint"])
        return answer["value"]


def _tuples(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "drop_in_paths": tuple(state["drop_in_paths"])}

"""A service manager in memory, held to the same contract as the real one.

It reads unit files from a directory when asked to, as systemd does, makes the links of
`enable` there, keeps stamps, and writes down what it was asked to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docket.app.session.ports import Property
from docket.errors import BusAbsentError, BusError
from docket.model.unitstate import UnitDetail, UnitState, UnitVariables


class FakeUnits:
    """A UnitManager. `calls` is everything that it was asked to change, in order.

    `absent` makes every call fail as in a container; `refusing` holds units that cannot be started
    (`*`: no transient one can).
    """

    def __init__(self, unit_dir: str, stamp_dir: str, now_us: int = 1_800_000_000_000_000) -> None:
        self.unit_dir = unit_dir
        self.stamp_dir = stamp_dir
        self.now_us = now_us
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.absent = False
        self.refusing: set[str] = set()
        self.lingering = True
        self.transient: dict[str, list[Property]] = {}
        self._loaded: dict[str, str] = {}
        self._active: set[str] = set()
        self._failed: set[str] = set()

    def reload(self) -> None:
        """Read all unit files again (one daemon-reload)."""
        self._note("reload")
        for name in list(self._loaded):
            self._forget_if_gone(name)
        for name in self._files():
            self._loaded[name] = self._read(name)

    def states(self, names: Sequence[str]) -> Mapping[str, UnitState]:
        """Return the state of each unit; one that has no file is `not-found`."""
        self._require_presence()
        return {name: UnitState(**self._state(name)) for name in names}

    def detail(self, name: str) -> UnitDetail:
        """Return the state of one unit with its last result and invocation."""
        self._require_presence()
        if name not in self._failed:
            return UnitDetail(**self._state(name), result="success")
        state = self._state(name)
        return UnitDetail(**state, result="exit-code", changed_us=self.now_us, exit_status=1)

    def variables(self, name: str) -> UnitVariables:
        """Return what decides about the environment of a service: of a loaded one its lines."""
        self._require_presence()
        text = self._loaded.get(name, "")
        return UnitVariables(
            manager={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            loaded=name in self._loaded,
            environment=tuple(_values(text, "Environment")),
            files=tuple(path.removeprefix("-") for path in _values(text, "EnvironmentFile")),
        )

    def active(self, names: Sequence[str]) -> frozenset[str]:
        """Return which of `names` are active now; one call however many there are."""
        self._require_presence()
        return frozenset(self._active.intersection(names))

    def start(self, names: Sequence[str]) -> None:
        """Start units and wait for their jobs to end; the first failure is raised."""
        self._note("start", names)
        failures = [failure for name in names if (failure := self._start(name)) is not None]
        if failures:
            raise BusError(failures[0])

    def stop(self, names: Sequence[str]) -> None:
        """Stop units (those that are not loaded too) and wait for their jobs to end."""
        self._note("stop", names)
        self._active.difference_update(names)

    def enable(self, names: Sequence[str]) -> None:
        """Enable unit files; the links are made, nothing is started, no reload."""
        self._note("enable", names)
        for name in names:
            if not os.path.exists(os.path.join(self.unit_dir, name)):
                raise BusError(f"Unit file {name} does not exist.")
        for name in names:
            os.makedirs(os.path.dirname(self._link(name)), exist_ok=True)
            if not os.path.islink(self._link(name)):
                os.symlink(os.path.join(self.unit_dir, name), self._link(name))

    def disable(self, names: Sequence[str]) -> None:
        """Remove the links of unit files, which may be missing; nothing is stopped, no reload."""
        self._note("disable", names)
        for name in names:
            if os.path.islink(self._link(name)):
                os.unlink(self._link(name))

    def reset_failed(self, names: Sequence[str]) -> None:
        """Clear the failed state of units; one that is not loaded is not an error."""
        self._note("reset_failed", names)
        self._failed.difference_update(names)

    def clean_state(self, names: Sequence[str]) -> None:
        """Remove what systemd keeps for stopped timers (the Persistent= stamp)."""
        self._note("clean_state", names)
        for name in names:
            if name in self._active:
                raise BusError("Unit is not inactive or has pending job.")
            if os.path.exists(self._stamp(name)):
                os.unlink(self._stamp(name))

    def linger(self) -> bool | None:
        """Whether the user's manager outlives the session; None for the system scope."""
        self._require_presence()
        return self.lingering

    def set_linger(self) -> None:
        """Let the user's manager outlive the session."""
        self._note("set_linger")
        self.lingering = True

    def started_us(self) -> int | None:
        """Return when this manager came up: a day before its clock is stopped."""
        self._require_presence()
        return self.now_us - 86_400_000_000

    def version(self) -> int:
        """Return systemd's major version, e.g. 252."""
        self._require_presence()
        return 252

    def start_transient(self, name: str, properties: Sequence[Property]) -> None:
        """Have a unit of its own started; returns when the manager has taken it on."""
        self._note("start_transient", [name])
        if name in self.refusing or "*" in self.refusing:
            raise BusError(f"systemd did not start {name}: it was told so.")
        self.transient[name] = list(properties)

    def run_transient(
        self, name: str, properties: Sequence[Property], passed_on: Callable[[], int]
    ) -> None:
        """Have a unit of its own started and wait until its process is over."""
        passed_on()
        self.start_transient(name, properties)

    def main_pid(self, name: str) -> int | None:
        """Return the process of a unit; 0 while it has none yet, None if it is over."""
        self._require_presence()
        return 4242 if name in self.transient else None

    def changing_calls(self) -> list[str]:
        """Return the names of the calls so far, in order."""
        return [name for name, _ in self.calls]

    def _note(self, call: str, names: Sequence[str] = ()) -> None:
        self._require_presence()
        self.calls.append((call, tuple(names)))

    def _require_presence(self) -> None:
        if self.absent:
            raise BusAbsentError("No service manager is running for this user.")

    def _start(self, name: str) -> str | None:
        if name in self.refusing:
            return f"systemd did not start {name}: it was told so."
        if name not in self._loaded:
            if name not in self._files():
                return f"systemd did not start {name}: Unit {name} not found."
            self._loaded[name] = self._read(name)
        if name.endswith((".timer", ".path")):
            self._active.add(name)
            if "Persistent=true" in self._loaded[name] and not os.path.exists(self._stamp(name)):
                os.makedirs(self.stamp_dir, exist_ok=True)
                with open(self._stamp(name), "w", encoding="utf-8"):
                    pass
        elif "/bin/false" in self._loaded[name]:
            self._failed.add(name)
            return f"systemd did not start {name}: its job ended as failed."
        return None

    def _state(self, name: str) -> dict[str, Any]:
        if name not in self._loaded and name in self._files():
            self._loaded[name] = self._read(name)
        self._forget_if_gone(name, even_active=False)
        if name not in self._loaded:
            return UnitState(name, "not-found", "inactive", "").to_dict()
        enabled = "enabled" if os.path.islink(self._link(name)) else "disabled"
        active, failed = name in self._active, name in self._failed
        return {
            "name": name,
            "load_state": "loaded",
            "active_state": "failed" if failed else "active" if active else "inactive",
            "unit_file_state": enabled,
            "needs_reload": self._loaded[name] != self._read(name),
            "next_elapse_us": self.now_us + 1_000_000
            if active and name.endswith(".timer")
            else None,
        }

    def _forget_if_gone(self, name: str, *, even_active: bool = True) -> None:
        if name not in self._files() and (even_active or name not in self._active):
            self._loaded.pop(name, None)

    def _files(self) -> set[str]:
        try:
            names = os.listdir(self.unit_dir)
        except FileNotFoundError:
            return set()
        return {
            name
            for name in names
            if name.endswith((".service", ".timer", ".path"))
            and name[0] != "."
            and os.path.isfile(os.path.join(self.unit_dir, name))
        }

    def _read(self, name: str) -> str:
        try:
            with open(os.path.join(self.unit_dir, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _link(self, name: str) -> str:
        target = "paths" if name.endswith(".path") else "timers"
        return os.path.join(self.unit_dir, f"{target}.target.wants", name)

    def _stamp(self, name: str) -> str:
        return os.path.join(self.stamp_dir, f"stamp-{name}")


def _values(text: str, directive: str) -> list[str]:
    """Return the values of a directive, in order."""
    lines = (line.partition("=") for line in text.splitlines())
    return [value for name, _, value in lines if name == directive]

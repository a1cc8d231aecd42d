"""What the use cases need of the outside, as small protocols named for the need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from docket.model.unitstate import UnitDetail, UnitState, UnitVariables

__all__ = ["Property", "UnitDetail", "UnitManager", "UnitState", "UnitVariables"]

Property = Sequence[Any]  # name, D-Bus signature, value as JSON holds it


class UnitManager(Protocol):
    """The service manager of one scope; every method raises BusError if it cannot answer."""

    def reload(self) -> None:
        """Read all unit files again (one daemon-reload)."""

    def states(self, names: Sequence[str]) -> Mapping[str, UnitState]:
        """Return the state of each unit; one that has no file is `not-found`.

        The number of calls to the manager does not grow with the units, but for active timers.
        """

    def detail(self, name: str) -> UnitDetail:
        """Return the state of one unit with its last result and invocation."""

    def variables(self, name: str) -> UnitVariables:
        """Return what decides about the environment of a service."""

    def active(self, names: Sequence[str]) -> frozenset[str]:
        """Return which of `names` are active now; one call however many there are."""

    def start(self, names: Sequence[str]) -> None:
        """Start units and wait for their jobs to end; the first failure is raised."""

    def stop(self, names: Sequence[str]) -> None:
        """Stop units (those that are not loaded too) and wait for their jobs to end."""

    def enable(self, names: Sequence[str]) -> None:
        """Enable unit files; the links are made, nothing is started, no reload."""

    def disable(self, names: Sequence[str]) -> None:
        """Remove the links of unit files, which may be missing; nothing is stopped, no reload."""

    def reset_failed(self, names: Sequence[str]) -> None:
        """Clear the failed state of units; one that is not loaded is not an error."""

    def clean_state(self, names: Sequence[str]) -> None:
        """Remove what systemd keeps for stopped timers (the Persistent= stamp)."""

    def linger(self) -> bool | None:
        """Whether the user's manager outlives the session; None for the system scope."""

    def set_linger(self) -> None:
        """Let the user's manager outlive the session."""

    def started_us(self) -> int | None:
        """Return when this manager came up, in microseconds since the epoch; None: not known."""

    def version(self) -> int:
        """Return systemd's major version, e.g. 252."""

    def start_transient(self, name: str, properties: Sequence[Property]) -> None:
        """Have a unit of its own started; returns when the manager has taken it on."""

    def run_transient(
        self, name: str, properties: Sequence[Property], passed_on: Callable[[], int]
    ) -> None:
        """Have a unit of its own started and wait until its process is over.

        `passed_on` is asked several times a second for a signal to send to it; 0 means none.
        """

    def main_pid(self, name: str) -> int | None:
        """Return the process of a unit; 0 while it has none yet, None if it is over."""

"""The service manager over D-Bus: raw calls, and every failure as one sentence with a hint.

What goes over the socket is the work of a `Wire`, of which there is one for each D-Bus library.
Introspection is never asked for: it costs 14 ms an object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from docket.errors import BusError

if TYPE_CHECKING:
    from docket.systemd.wire import Property, Wire

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = "/org/freedesktop/systemd1"
MANAGER_INTERFACE = "org.freedesktop.systemd1.Manager"

_WAIT_SECONDS = 0.25


class WireError(Exception):
    """A call that was refused or got no answer; its text is what the other side or the system says.

    Raised by wires only: a connection makes a BusError of it.
    """


class Connection:
    """One open bus."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        *values: Any,
    ) -> Any:
        """Call a method and return the body of its answer; BusError if it is refused."""
        try:
            return self._wire.call(destination, path, interface, method, signature, values)
        except WireError as error:
            raise _bus_error(error) from None

    def manager(self, method: str, signature: str = "", *values: Any) -> Any:
        """Call a method of systemd's manager object."""
        return self.call(SYSTEMD, MANAGER, MANAGER_INTERFACE, method, signature, *values)

    def units_by_names(self, names: Iterable[str]) -> Sequence[Sequence[Any]]:
        """Return the manager's row of each unit; it has none for what cannot be a unit's name."""
        found: Sequence[Sequence[Any]] = self.manager(
            "ListUnitsByNames", "as", [name for name in names if name.isascii()]
        )
        return found

    def start_transient(self, unit: str, properties: Sequence[Property]) -> str:
        """Start a transient unit; return its job's path."""
        try:
            return self._wire.start_transient(unit, properties)
        except WireError as error:
            raise _bus_error(error) from None

    def manager_property(self, name: str, signature: str) -> Any:
        """Return one property of systemd's manager object."""
        return self.property(MANAGER, MANAGER_INTERFACE, name, signature)

    def property(self, path: str, interface: str, name: str, signature: str) -> Any:
        """Return one property of one of systemd's objects."""
        try:
            return self._wire.property(path, interface, name, signature)
        except WireError as error:
            raise _bus_error(error) from None

    def watch_jobs(self, ended: Callable[[str, str], None]) -> None:
        """Call `ended` with each job's path and result as it ends (see `pump`)."""
        self.manager("Subscribe")
        try:
            self._wire.watch_jobs(ended)
        except WireError as error:
            raise _bus_error(error) from None

    def pump(self, until: Callable[[], bool], timeout_seconds: float) -> bool:
        """Handle what comes in until `until` holds; return whether it did in time."""
        deadline = time.monotonic() + timeout_seconds
        try:
            while not until():
                if not self._wire.handle(_WAIT_SECONDS) and time.monotonic() > deadline:
                    return False
        except WireError as error:
            raise _bus_error(error) from None
        return True


def _bus_error(error: WireError) -> BusError:
    sentence = str(error).partition("\n")[0].strip() or "The service manager refused the call."
    hint = None
    if "uthenti" in sentence or "ermission denied" in sentence or "ccess denied" in sentence:
        hint = "The system scope needs root: sudo docket --system ..."
    return BusError(sentence if sentence.endswith(".") else sentence + ".", hint=hint)

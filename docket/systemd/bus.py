"""The service manager over D-Bus: raw calls, and every failure as one sentence with a hint.

What goes over the socket is the work of `wire`. Introspection is never asked for: it costs 14 ms an
object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from docket.errors import BusError
from docket.systemd.dbusmessage import MethodCall
from docket.systemd.wire import MANAGER, MANAGER_INTERFACE, SYSTEMD, Wire, WireError

Property = tuple[str, str, Any]  # name, D-Bus signature, value

_PROPERTIES = "org.freedesktop.DBus.Properties"
_WAIT_SECONDS = 0.25


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
        return self._answer(MethodCall(destination, path, interface, method, signature), *values)

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
        variants = [(name, (kind, value)) for name, kind, value in properties]
        signature = "ssa(sv)a(sa(sv))"
        return str(self.manager("StartTransientUnit", signature, unit, "fail", variants, []))

    def manager_property(self, name: str, signature: str) -> Any:
        """Return one property of systemd's manager object."""
        return self.property(MANAGER, MANAGER_INTERFACE, name, signature)

    def property(
        self, path: str, interface: str, name: str, signature: str, *, of: str = SYSTEMD
    ) -> Any:
        """Return one property of an object, one of systemd's if nothing else is said."""
        kind, value = self._answer(MethodCall(of, path, _PROPERTIES, "Get", "ss"), interface, name)
        if kind != signature:
            raise BusError(f"The property {name} has the type {kind}, not {signature}.")
        return value

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

    def _answer(self, what: MethodCall, *arguments: Any) -> Any:
        try:
            return self._wire.call(what, *arguments)
        except WireError as error:
            raise _bus_error(error) from None


def _bus_error(error: WireError) -> BusError:
    sentence = str(error).partition("\n")[0].strip() or "The service manager refused the call."
    hint = None
    if "uthenti" in sentence or "ermission denied" in sentence or "ccess denied" in sentence:
        hint = "The system scope needs root: sudo docket --system ..."
    return BusError(sentence if sentence.endswith(".") else sentence + ".", hint=hint)

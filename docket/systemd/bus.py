"""The service manager over D-Bus: raw calls, and every failure as one sentence with a hint.

The only importer of pystemd. Introspection is never asked for: it costs 14 ms an object.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from docket.errors import BusError
from docket.systemd.barepackage import bare_package

with bare_package("pystemd"):  # as a whole it loads lxml, for introspection
    from pystemd.dbusexc import DBusBaseError
    from pystemd.dbuslib import DBus, DBusAddress, apply_signature

SYSTEMD = b"org.freedesktop.systemd1"
MANAGER = b"/org/freedesktop/systemd1"
MANAGER_INTERFACE = b"org.freedesktop.systemd1.Manager"

# pystemd words errors as "[err -2]: b'Unit x not found.'", with the D-Bus name before it at times.
_QUOTED = re.compile(r"""b(?:'([^']*)'|"([^"]*)")""")
_NOISE = re.compile(r"^\[err -?\d+\]:\s*")
_WAIT_US = 250_000
_INTERRUPTED = f"[err -{errno.EINTR}]"
_CALLS_BETWEEN = 50
_CLOSE = (-1, None)  # the end of a container in pystemd's list of arguments


class Connection:
    """One open bus. Names, paths and values are bytes, as on the wire."""

    def __init__(self, bus: DBus) -> None:
        self._bus = bus
        self._held: list[Any] = []
        self._calls = 0

    def call(
        self,
        destination: bytes,
        path: bytes,
        interface: bytes,
        method: bytes,
        signature: bytes = b"",
        *values: Any,
    ) -> Any:
        """Call a method and return the body of its answer; BusError if it is refused."""
        arguments = apply_signature(signature, list(values)) if signature else []
        try:
            self._make_room()
            return self._bus.call_method(destination, path, interface, method, arguments).body
        except DBusBaseError as error:
            raise _bus_error(error) from None

    def _make_room(self) -> None:
        """Handle what has come in unasked: sd-bus refuses calls once 65,536 signals wait.

        The manager sends some ten for each job, whether anybody subscribed or not.
        """
        self._calls += 1
        if self._calls % _CALLS_BETWEEN == 0:
            while not self._bus.process().is_empty():
                pass

    def manager(self, method: bytes, signature: bytes = b"", *values: Any) -> Any:
        """Call a method of systemd's manager object."""
        return self.call(SYSTEMD, MANAGER, MANAGER_INTERFACE, method, signature, *values)

    def start_transient(self, unit: bytes, properties: Sequence[tuple[bytes, bytes, Any]]) -> bytes:
        """Start a transient unit, given (name, signature, value) each; return its job's path."""
        arguments = [*apply_signature(b"ss", [unit, b"fail"]), (ord("a"), b"(sv)")]
        for name, signature, value in properties:
            arguments += [(ord("r"), b"sv"), (ord("s"), name), (ord("v"), signature)]
            arguments += [*apply_signature(signature, [value]), _CLOSE, _CLOSE]
        arguments += [_CLOSE, (ord("a"), b"(sa(sv))"), _CLOSE]  # no auxiliary units
        method = b"StartTransientUnit"
        try:
            self._make_room()
            job = self._bus.call_method(SYSTEMD, MANAGER, MANAGER_INTERFACE, method, arguments).body
        except DBusBaseError as error:
            raise _bus_error(error) from None
        return bytes(job)

    def manager_property(self, name: bytes, signature: bytes) -> Any:
        """Return one property of systemd's manager object."""
        return self.property(MANAGER, MANAGER_INTERFACE, name, signature)

    def property(self, path: bytes, interface: bytes, name: bytes, signature: bytes) -> Any:
        """Return one property of one of systemd's objects."""
        try:
            self._make_room()
            return self._bus.get_property(SYSTEMD, path, interface, name, signature)
        except DBusBaseError as error:
            raise _bus_error(error) from None

    def watch_jobs(self, ended: Callable[[bytes, str], None]) -> None:
        """Call `ended` with each job's path and result as it ends (see `pump`)."""
        self.manager(b"Subscribe")

        def heard(message: Any, error: Any = None, userdata: Any = None) -> None:
            del error, userdata
            message.process_reply(False)
            body = message.body
            ended(body[1], body[3].decode())

        # pystemd hands bare pointers to sd-bus: what it is given must live as long as the bus.
        words = (SYSTEMD, MANAGER, MANAGER_INTERFACE, b"JobRemoved")
        self._held += [heard, words]
        try:
            self._bus.match_signal(*words, heard, None)
        except DBusBaseError as error:
            raise _bus_error(error) from None

    def pump(self, until: Callable[[], bool], timeout_seconds: float) -> bool:
        """Handle what comes in until `until` holds; return whether it did in time."""
        deadline = time.monotonic() + timeout_seconds
        try:
            while not until():
                if self._bus.process().is_empty():
                    if time.monotonic() > deadline:
                        return False
                    self._wait()
        except DBusBaseError as error:
            raise _bus_error(error) from None
        return True

    def _wait(self) -> None:
        """Wait a moment for something to come in; a signal that we got ends that sooner."""
        try:
            self._bus.wait(_WAIT_US)
        except DBusBaseError as error:
            if _INTERRUPTED not in str(error):
                raise


def first_open(addresses: Sequence[tuple[str, bool]]) -> Connection | None:
    """Open the first address that answers; each is given with whether it is a private socket."""
    for address, private in addresses:
        bus = DBusAddress(address.encode(), private)
        try:
            bus.open()
        except DBusBaseError:
            continue
        return Connection(bus)
    return None


def _bus_error(error: DBusBaseError) -> BusError:
    text = (str(error.args[0]) if error.args else str(error)).partition("\n")[0]
    quoted = _QUOTED.findall(text)
    sentence = "".join(quoted[-1]) if quoted else _NOISE.sub("", text).strip()
    sentence = sentence or "The service manager refused the call."
    hint = None
    if "uthenti" in sentence or "ermission denied" in sentence or "ccess denied" in sentence:
        hint = "The system scope needs root: sudo docket --system ..."
    return BusError(sentence if sentence.endswith(".") else sentence + ".", hint=hint)

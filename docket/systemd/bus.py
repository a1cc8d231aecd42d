"""The service manager over D-Bus: raw calls, and every failure as one sentence with a hint.

The only importer of pystemd. Introspection is never asked for: it costs 14 ms an object.
"""

from __future__ import annotations

import errno
import os
import re
import string
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pystemd.dbusexc import DBusBaseError
from pystemd.dbuslib import DBus, DBusAddress, apply_signature

from docket.errors import BusAbsentError, BusError
from docket.paths import runtime_directory

SYSTEMD = b"org.freedesktop.systemd1"
MANAGER = b"/org/freedesktop/systemd1"
MANAGER_INTERFACE = b"org.freedesktop.systemd1.Manager"
PROPERTIES = b"org.freedesktop.DBus.Properties"
LOGIND = b"org.freedesktop.login1"

_SYSTEM_PRIVATE = "/run/systemd/private"
_SYSTEM_BUS = "/run/dbus/system_bus_socket"
# pystemd tells errors as "[err -2]: b'Unit x not found.'", with the D-Bus name before it at times.
_QUOTED = re.compile(r"""b(?:'([^']*)'|"([^"]*)")""")
_NOISE = re.compile(r"^\[err -?\d+\]:\s*")
_ADDRESS_PLAIN = frozenset(string.ascii_letters + string.digits + "-_/.\\*")
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
        """Call a method and return the body of its answer; BusError where it is refused."""
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
        """Have `ended` called with each job's path and result as it ends (see `pump`)."""
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
        """Handle what comes in until `until` holds; whether it did before the time was up."""
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


def connect(environ: Mapping[str, str], *, system: bool) -> Connection:
    """Open the manager of the scope; BusAbsentError, saying why, where there is none.

    The manager's private socket comes first, as in systemctl: it needs no message bus and nothing
    of the environment, which cron, sudo and sandboxes of agents take away.
    """
    for address, private in _addresses(environ, system=system):
        bus = DBusAddress(address.encode(), private)
        try:
            bus.open()
        except DBusBaseError:
            continue
        return Connection(bus)
    raise _absence(system=system)


def connect_system_bus() -> Connection:
    """Open the system's message bus, where logind answers; BusError where there is none."""
    bus = DBusAddress(f"unix:path={_SYSTEM_BUS}".encode(), False)
    try:
        bus.open()
    except DBusBaseError:
        raise BusError(
            "The system's message bus cannot be reached.", hint="Is dbus installed and running?"
        ) from None
    return Connection(bus)


def _addresses(environ: Mapping[str, str], *, system: bool) -> Sequence[tuple[str, bool]]:
    if system:
        return _existing([(_SYSTEM_PRIVATE, True), (_SYSTEM_BUS, False)])
    found: list[tuple[str, bool]] = []
    runtime = runtime_directory(environ)
    if runtime is not None:
        found += _existing([(f"{runtime}/systemd/private", True), (f"{runtime}/bus", False)])
    named = environ.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        found += [(part, False) for part in named.split(";") if part]
    return found


def _existing(sockets: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    there = [(path, private) for path, private in sockets if os.path.exists(path)]
    return [(f"unix:path={_escaped(path)}", private) for path, private in there]


def _escaped(path: str) -> str:
    """The path as D-Bus addresses have it: everything but their plain characters as %XX."""
    return "".join(
        chr(byte) if chr(byte) in _ADDRESS_PLAIN else f"%{byte:02x}" for byte in os.fsencode(path)
    )


def _absence(*, system: bool) -> BusAbsentError:
    if not os.path.isdir("/run/systemd/system"):
        return BusAbsentError(
            "This machine was not booted with systemd, as in most containers.",
            hint="Tasks can be run by hand with `docket run`; timers need systemd.",
        )
    if system:
        return BusAbsentError(
            "The system's service manager cannot be reached.",
            hint="Run it as root, on the host and not in a container.",
        )
    return BusAbsentError(
        "No service manager is running for this user.",
        hint="Log in once, or turn linger on: loginctl enable-linger",
    )


def _bus_error(error: DBusBaseError) -> BusError:
    text = (str(error.args[0]) if error.args else str(error)).partition("\n")[0]
    quoted = _QUOTED.findall(text)
    sentence = "".join(quoted[-1]) if quoted else _NOISE.sub("", text).strip()
    sentence = sentence or "The service manager refused the call."
    hint = None
    if "uthenti" in sentence or "ermission denied" in sentence or "ccess denied" in sentence:
        hint = "The system scope needs root: sudo docket --system ..."
    return BusError(sentence if sentence.endswith(".") else sentence + ".", hint=hint)

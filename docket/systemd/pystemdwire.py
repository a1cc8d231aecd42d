"""The bus by pystemd, which is sd-bus for Python. The only importer of pystemd."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from docket.systemd.barepackage import bare_package
from docket.systemd.bus import MANAGER, MANAGER_INTERFACE, SYSTEMD, WireError

with bare_package("pystemd"):  # as a whole it loads lxml, for introspection
    from pystemd.dbusexc import DBusBaseError
    from pystemd.dbuslib import DBus, DBusAddress, apply_signature

if TYPE_CHECKING:
    from docket.systemd.wire import Property

# pystemd words errors as "[err -2]: b'Unit x not found.'", with the D-Bus name before it at times.
_QUOTED = re.compile(r"""b(?:'([^']*)'|"([^"]*)")""")
_NOISE = re.compile(r"^\[err -?\d+\]:\s*")
_INTERRUPTED = f"[err -{errno.EINTR}]"
_CALLS_BETWEEN = 50
_CLOSE = (-1, None)  # the end of a container in pystemd's list of arguments


class PystemdWire:
    """An open bus of pystemd, where names, paths and values are bytes."""

    def __init__(self, bus: DBus) -> None:
        self._bus = bus
        self._held: list[Any] = []
        self._calls = 0

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str,
        values: Sequence[Any],
    ) -> Any:
        """As Wire."""
        arguments = apply_signature(signature.encode(), _bytes(list(values))) if signature else []
        return self._send((destination, path, interface, method), arguments)

    def property(self, path: str, interface: str, name: str, signature: str) -> Any:
        """As Wire."""
        words = [_bytes(word) for word in (SYSTEMD, path, interface, name, signature)]
        try:
            self._make_room()
            found = self._bus.get_property(*words)
        except DBusBaseError as error:
            raise _wire_error(error) from None
        return bytes(found or b"") if signature == "ay" else _text(found)

    def start_transient(self, unit: str, properties: Sequence[Property]) -> str:
        """As Wire. pystemd has no signature for variants: the arguments are made one by one."""
        arguments = [*apply_signature(b"ss", [_bytes(unit), b"fail"]), (ord("a"), b"(sv)")]
        for name, signature, value in properties:
            kind = signature.encode()
            arguments += [(ord("r"), b"sv"), (ord("s"), name.encode()), (ord("v"), kind)]
            arguments += [*apply_signature(kind, [_bytes(value)]), _CLOSE, _CLOSE]
        arguments += [_CLOSE, (ord("a"), b"(sa(sv))"), _CLOSE]  # no auxiliary units
        words = (SYSTEMD, MANAGER, MANAGER_INTERFACE, "StartTransientUnit")
        return str(self._send(words, arguments))

    def watch_jobs(self, ended: Callable[[str, str], None]) -> None:
        """As Wire."""

        def heard(message: Any, error: Any = None, userdata: Any = None) -> None:
            del error, userdata
            message.process_reply(False)
            body = message.body
            ended(body[1].decode(), body[3].decode())

        # pystemd hands bare pointers to sd-bus: what it is given must live as long as the bus.
        words = [word.encode() for word in (SYSTEMD, MANAGER, MANAGER_INTERFACE, "JobRemoved")]
        self._held += [heard, words]
        try:
            self._bus.match_signal(*words, heard, None)
        except DBusBaseError as error:
            raise _wire_error(error) from None

    def handle(self, wait_seconds: float) -> bool:
        """As Wire. A signal that this process got ends the wait sooner."""
        try:
            if not self._bus.process().is_empty():
                return True
            self._bus.wait(int(wait_seconds * 1_000_000))
        except DBusBaseError as error:
            if _INTERRUPTED not in str(error):
                raise _wire_error(error) from None
        return False

    def _send(self, words: Sequence[str], arguments: Sequence[Any]) -> Any:
        try:
            self._make_room()
            answer = self._bus.call_method(*(word.encode() for word in words), arguments)
        except DBusBaseError as error:
            raise _wire_error(error) from None
        return _text(answer.body)

    def _make_room(self) -> None:
        """Handle what has come in unasked: sd-bus refuses calls once 65,536 signals wait.

        The manager sends some ten for each job, whether anybody subscribed or not.
        """
        self._calls += 1
        if self._calls % _CALLS_BETWEEN == 0:
            while not self._bus.process().is_empty():
                pass


def open_wire(address: str, *, private: bool) -> PystemdWire | None:
    """As WireOpener."""
    bus = DBusAddress(address.encode(), private)
    try:
        bus.open()
    except DBusBaseError:
        return None
    return PystemdWire(bus)


def _wire_error(error: DBusBaseError) -> WireError:
    text = (str(error.args[0]) if error.args else str(error)).partition("\n")[0]
    quoted = _QUOTED.findall(text)
    return WireError("".join(quoted[-1]) if quoted else _NOISE.sub("", text).strip())


def _bytes(value: Any) -> Any:
    """Return a value as pystemd takes it: text becomes bytes, at every depth."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    if isinstance(value, list | tuple):
        return [_bytes(part) for part in value]
    return value


def _text(value: Any) -> Any:
    """Return what pystemd gave with text for bytes, at every depth."""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if isinstance(value, list):
        return [_text(part) for part in value]
    if isinstance(value, tuple):
        return tuple(_text(part) for part in value)
    return value

"""The bus by jeepney, which is D-Bus in Python only. The only importer of jeepney.

jeepney writes and parses the messages. The socket is read here, so that most of the manager's
signals are skipped without being parsed.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from struct import error as StructError  # noqa: N812
from typing import TYPE_CHECKING, Any

from docket.systemd.barepackage import bare_package
from docket.systemd.bus import MANAGER, MANAGER_INTERFACE, SYSTEMD, WireError
from docket.systemd.privatesocket import (
    AF_UNIX,
    SCM_RIGHTS,
    SOCK_STREAM,
    SOL_SOCKET,
    Socket,
    greeting,
)

with bare_package("jeepney"):  # as a whole it loads `socket`, and what finds buses
    from jeepney.low_level import (
        Array,
        Endianness,
        Header,
        HeaderFields,
        Message,
        MessageFlag,
        MessageType,
        Struct,
        calc_msg_size,
        parse_signature,
    )

if TYPE_CHECKING:
    from docket.systemd.wire import Property

_PROPERTIES = "org.freedesktop.DBus.Properties"
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_OF_JOBS = f"type='signal',sender='{SYSTEMD}',interface='{MANAGER_INTERFACE}',member='JobRemoved'"
_WITH_FILES = b"NEGOTIATE_UNIX_FD\r\n"  # a foreground run hands its standard streams over
_LINES_OF_ANSWER = 2
_GREETING_SECONDS = 5.0
_ANSWER_SECONDS = 25.0  # as sd-bus waits
_HEADER = 16
_CHUNK = 65_536
_LARGEST_MESSAGE = 128 * 1024 * 1024  # of the D-Bus specification


class JeepneyWire:
    """A connected socket behind the greeting."""

    def __init__(self, connection: Socket) -> None:
        self._connection = connection
        self._serials = count(1)
        self._came_in = bytearray()
        self._ended: Callable[[str, str], None] | None = None

    def _call(
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str,
        values: Sequence[Any],
    ) -> Any:
        """Return the answer as jeepney has it: a variant is a pair of its type and its value."""
        fields = {
            HeaderFields.path: path,
            HeaderFields.destination: destination,
            HeaderFields.interface: interface,
            HeaderFields.member: method,
        }
        if signature:
            fields[HeaderFields.signature] = signature
        header = Header(Endianness.little, MessageType.method_call, MessageFlag(0), 1, 0, 0, fields)
        serial = next(self._serials)
        files: list[int] = []
        data = _serialised(Message(header, _shaped(signature, values)), serial, files)
        self._send(data, files)
        body = self._answer(serial)
        return body[0] if len(body) == 1 else body or None

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
        found = self._call(destination, path, interface, method, signature, values)
        return found[1] if (interface, method) == (_PROPERTIES, "Get") else found

    def property(self, path: str, interface: str, name: str, signature: str) -> Any:
        """As Wire."""
        words = (SYSTEMD, path, _PROPERTIES, "Get")
        kind, value = self._call(*words, "ss", (interface, name))
        if kind != signature:
            raise WireError(f"The property {name} has the type {kind}, not {signature}")
        return value

    def start_transient(self, unit: str, properties: Sequence[Property]) -> str:
        """As Wire."""
        variants = [(name, (kind, _value(kind, value))) for name, kind, value in properties]
        words = (SYSTEMD, MANAGER, MANAGER_INTERFACE, "StartTransientUnit")
        return str(self.call(*words, "ssa(sv)a(sa(sv))", (unit, "fail", variants, [])))

    def watch_jobs(self, ended: Callable[[str, str], None]) -> None:
        """As Wire."""
        self._ended = ended

    def handle(self, wait_seconds: float) -> bool:
        """As Wire."""
        raw = self._next(time.monotonic() + wait_seconds)
        if raw is not None:
            self._heard(raw)
        return raw is not None

    def join(self) -> None:
        """Become a member of a message bus, which a manager's private socket is not."""
        self.call(*_BUS, "Hello", "", ())
        self.call(*_BUS, "AddMatch", "s", (_OF_JOBS,))

    def _answer(self, serial: int) -> tuple[Any, ...]:
        """Return the body of the answer to a call; what else comes in meanwhile is handled."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while (raw := self._next(deadline)) is not None:
            if raw[1] == MessageType.signal.value:
                self._heard(raw)
                continue
            message = Message.from_buffer(raw)
            if message.header.fields.get(HeaderFields.reply_serial) != serial:
                continue
            if message.header.message_type is MessageType.error:
                raise WireError(_sentence(message))
            return tuple(message.body)
        raise WireError(os.strerror(errno.ETIMEDOUT))

    def _heard(self, raw: bytes) -> None:
        """Pass on that a job ended, if a message says so."""
        if self._ended is None or raw[1] != MessageType.signal.value or b"JobRemoved" not in raw:
            return
        message = Message.from_buffer(raw)
        fields = message.header.fields
        if (fields[HeaderFields.interface], fields[HeaderFields.path]) == (
            MANAGER_INTERFACE,
            MANAGER,
        ):
            _, job, _, result = message.body
            self._ended(job, result)

    def _send(self, data: bytes, files: Sequence[int]) -> None:
        numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in files)
        beside = [(SOL_SOCKET, SCM_RIGHTS, numbers)] if files else []
        try:
            self._connection.settimeout(_ANSWER_SECONDS)
            sent = self._connection.sendmsg([data], beside)
            self._connection.sendall(data[sent:])
        except OSError as error:
            raise _lost(error) from None

    def _next(self, deadline: float) -> bytes | None:
        """Return the next message as it came; None if it is not there in time."""
        if not self._has(_HEADER, deadline):
            return None
        size = calc_msg_size(bytes(self._came_in[:_HEADER]))
        if size > _LARGEST_MESSAGE:
            raise WireError(os.strerror(errno.EBADMSG))
        if not self._has(size, deadline):
            return None
        raw = bytes(self._came_in[:size])
        del self._came_in[:size]
        return raw

    def _has(self, size: int, deadline: float) -> bool:
        """Whether so many bytes have come in by the deadline."""
        while len(self._came_in) < size:
            try:
                self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
                data = self._connection.recv(_CHUNK)
            except TimeoutError:
                return False
            except OSError as error:
                raise _lost(error) from None
            if not data:
                raise WireError(os.strerror(errno.ECONNRESET))
            self._came_in += data
        return True


def open_wire(address: str, *, private: bool) -> JeepneyWire | None:
    """As WireOpener."""
    for path in filter(None, map(_socket_path, address.split(";"))):
        connection = Socket(AF_UNIX, SOCK_STREAM)
        try:
            connection.settimeout(_GREETING_SECONDS)
            connection.connect(path)
            _greet(connection)
            wire = JeepneyWire(connection)
            if not private:
                wire.join()
        except (OSError, WireError):
            connection.close()
            continue
        return wire
    return None


def _greet(connection: Socket) -> None:
    connection.sendall(greeting(_WITH_FILES))
    answer = b""
    while answer.count(b"\r\n") < _LINES_OF_ANSWER:
        data = connection.recv(_CHUNK)
        if not data:
            raise ConnectionResetError
        answer += data
    if not answer.startswith(b"OK ") or b"\r\nAGREE_UNIX_FD\r\n" not in answer:
        raise ConnectionRefusedError


def _socket_path(address: str) -> bytes | None:
    """Return what to connect to; None for a transport that is no socket of this machine."""
    transport, _, rest = address.partition(":")
    values = dict(part.partition("=")[::2] for part in rest.split(","))
    if transport != "unix":
        return None
    if "abstract" in values:
        return b"\0" + _plain(values["abstract"])
    return _plain(values["path"]) if values.get("path") else None


def _plain(escaped: str) -> bytes:
    if "%" not in escaped:
        return escaped.encode()
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  (9 million instructions; seldom)

    return unquote_to_bytes(escaped)


def _serialised(message: Message, serial: int, files: list[int]) -> bytes:
    """Return a message as it goes over the socket; WireError for what no message can hold.

    `files` gets the file descriptors that go beside it.
    """
    try:
        data: bytes = message.serialise(serial, files)
    except (ValueError, TypeError, StructError):
        raise WireError(os.strerror(errno.EBADMSG)) from None
    return data


def _shaped(signature: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Return values in the shapes that jeepney wants, which are not those of JSON."""
    kinds = list(signature)
    return tuple(_as(parse_signature(kinds), value) for value in values)


def _value(signature: str, value: Any) -> Any:
    return _as(parse_signature(list(signature)), value)


def _as(kind: Any, value: Any) -> Any:
    """Return a value with a tuple for each structure and a list for each array."""
    if isinstance(kind, Struct):
        return tuple(_as(part, one) for part, one in zip(kind.fields, value, strict=True))
    if isinstance(kind, Array):
        return [_as(kind.elt_type, one) for one in value]
    if isinstance(value, str) and "\0" in value:
        raise WireError(os.strerror(errno.EBADMSG))
    return value


def _sentence(message: Message) -> str:
    """Return what an error says, or its name if it says nothing."""
    said = message.body[0] if message.body else ""
    name: str = message.header.fields[HeaderFields.error_name]
    return said if isinstance(said, str) and said else name


def _lost(error: OSError) -> WireError:
    return WireError(error.strerror or os.strerror(errno.ECONNRESET))

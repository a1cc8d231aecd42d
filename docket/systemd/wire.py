"""One open socket of a service manager or a message bus.

Most of the signals that come in unasked are skipped without being taken apart: the manager sends
some ten for each job, whether anybody subscribed or not.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from docket.systemd.dbusmessage import (
    ERROR,
    HEADER,
    SIGNAL,
    BusMessage,
    MethodCall,
    length_of,
)
from docket.systemd.privatesocket import (
    AF_UNIX,
    SCM_RIGHTS,
    SOCK_STREAM,
    SOL_SOCKET,
    Socket,
    greeting,
)

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = "/org/freedesktop/systemd1"
MANAGER_INTERFACE = "org.freedesktop.systemd1.Manager"
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_OF_JOBS = f"type='signal',sender='{SYSTEMD}',interface='{MANAGER_INTERFACE}',member='JobRemoved'"
_WITH_FILES = b"NEGOTIATE_UNIX_FD\r\n"  # a foreground run hands its standard streams over
_LINES_OF_ANSWER = 2
_GREETING_SECONDS = 5.0
_ANSWER_SECONDS = 25.0  # as sd-bus waits
_CHUNK = 65_536
_LARGEST_MESSAGE = 128 * 1024 * 1024  # of the D-Bus specification


class WireError(Exception):
    """A call that was refused or got no answer; its text is what the other side or the system says.

    Raised by wires only: a connection makes a BusError of it.
    """


class Wire:
    """A connected socket behind the greeting; every method may raise WireError."""

    def __init__(self, connection: Socket) -> None:
        self._connection = connection
        self._serials = count(1)
        self._came_in = bytearray()
        self._ended: Callable[[str, str], None] | None = None

    def call(self, what: MethodCall, *arguments: Any) -> Any:
        """Call a method; return its answer, a tuple if that has several parts, None if none."""
        serial = next(self._serials)
        try:
            data, files = what.message(serial, arguments)
        except (ValueError, TypeError, OverflowError):  # what no message can hold
            raise WireError(os.strerror(errno.EBADMSG)) from None
        self._send(data, files)
        body = self._answer(serial)
        return body[0] if len(body) == 1 else body or None

    def watch_jobs(self, ended: Callable[[str, str], None]) -> None:
        """Call `ended` with each job's path and result as it ends, from now on."""
        self._ended = ended

    def handle(self, wait_seconds: float) -> bool:
        """Handle one message that came in; False if none did in that time."""
        raw = self._next(time.monotonic() + wait_seconds)
        if raw is not None:
            self._heard(raw)
        return raw is not None

    def join(self) -> None:
        """Become a member of a message bus, which a manager's private socket is not."""
        self.call(MethodCall(*_BUS, "Hello"))
        self.call(MethodCall(*_BUS, "AddMatch", "s"), _OF_JOBS)

    def _answer(self, serial: int) -> tuple[Any, ...]:
        """Return the body of the answer to a call; what else comes in meanwhile is handled."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while (raw := self._next(deadline)) is not None:
            if raw[1] == SIGNAL:
                self._heard(raw)
                continue
            try:
                message = BusMessage(raw)
                body = message.body() if message.reply_serial == serial else None
            except (ValueError, KeyError, RecursionError):
                raise WireError(os.strerror(errno.EBADMSG)) from None
            if body is not None and message.kind == ERROR:
                raise WireError(_sentence(message.error_name, body))
            if body is not None:
                return body
        raise WireError(os.strerror(errno.ETIMEDOUT))

    def _heard(self, raw: bytes) -> None:
        """Pass on that a job ended, if a message says so."""
        if self._ended is None or raw[1] != SIGNAL or b"JobRemoved" not in raw:
            return
        message = BusMessage(raw)
        if message.origin == (MANAGER, MANAGER_INTERFACE):
            _, job, _, result = message.body()
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
        if not self._has(HEADER, deadline):
            return None
        size = length_of(bytes(self._came_in[:HEADER]))
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


def open_wire(address: str, *, private: bool) -> Wire | None:
    """Open a D-Bus address, with `;` between alternatives; None if nobody answers there.

    `private` is that of a manager's own socket, which is no message bus.
    """
    for path in filter(None, map(_socket_path, address.split(";"))):
        connection = Socket(AF_UNIX, SOCK_STREAM)
        try:
            connection.settimeout(_GREETING_SECONDS)
            connection.connect(path)
            _greet(connection)
            wire = Wire(connection)
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


def _sentence(name: str, body: tuple[Any, ...]) -> str:
    """Return what an error says, or its name if it says nothing."""
    said = body[0] if body else ""
    return said if isinstance(said, str) and said else name


def _lost(error: OSError) -> WireError:
    return WireError(error.strerror or os.strerror(errno.ECONNRESET))

"""Properties of units, read over the service manager's private socket by the bare D-Bus protocol.

The runner asks at its start which timer started it. A D-Bus library would cost more than the rest
of the run; this is one connection, one write and one answer for each property. The wire format is
that of the D-Bus specification; the socket is the one that systemctl uses.
"""

from __future__ import annotations

import os

try:
    from _socket import AF_UNIX, SCM_RIGHTS, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET
    from _socket import socket as Socket  # noqa: N812
except ImportError:  # another Python than CPython
    from socket import AF_UNIX, SCM_RIGHTS, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET
    from socket import socket as Socket  # type: ignore[assignment]  # noqa: N812

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    # (unit, the last word of the interface's name, property)
    Question = tuple[str, str, str]
    Value = int | str | bytes | list[str] | None

__all__ = [
    "AF_UNIX",
    "SCM_RIGHTS",
    "SOCK_STREAM",
    "SOL_SOCKET",
    "SYSTEM_SOCKET",
    "Socket",
    "greeting",
    "manager_environment",
    "read_properties",
]

SYSTEM_SOCKET = "/run/systemd/private"
_PREFIX = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_PATIENCE_SECONDS = 5.0  # a manager that reloads a thousand units answers late
_LARGEST_MESSAGE = 65_536
MANAGER = ""  # in the place of a unit: the manager itself
_AT_ONCE = 300  # both sides can buffer this many while the other one writes
_HEADER = 16
_METHOD_CALL, _METHOD_RETURN, _ERROR = 1, 2, 3


def read_properties(
    questions: Sequence[Question], *, system: bool, environ: Mapping[str, str] = os.environ
) -> list[Value] | None:
    """Return the value of each property, None for one that the manager does not know.

    The questions are sent many at a time: a round trip for each would be most of the time.
    Returns None if the manager of the scope cannot be asked. Numbers, strings, byte arrays and
    arrays of strings are understood; a property of another type is None too.
    """
    address = _address(environ, system=system)
    if address is None:
        return None
    connection = Socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(address)
        if not _is_the_managers(connection):
            return None
        return _ask(connection, questions)
    except (OSError, ValueError, IndexError):
        return None
    finally:
        connection.close()


def manager_environment(*, system: bool) -> dict[str, str]:
    """Return the variables that the manager of the scope gives to every unit; {} if unknown."""
    found = read_properties([(MANAGER, "Manager", "Environment")], system=system)
    entries = found[0] if found else None
    if not isinstance(entries, list):
        return {}
    return dict(entry.partition("=")[::2] for entry in entries)


def _address(environ: Mapping[str, str], *, system: bool) -> str | None:
    if system:
        return SYSTEM_SOCKET
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return f"{runtime}/systemd/private" if runtime.startswith("/") else None


def _is_the_managers(connection: Socket) -> bool:
    """Whether root or this user listens: XDG_RUNTIME_DIR may name another user's directory."""
    credentials = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)  # struct ucred: pid, uid, gid
    return int.from_bytes(credentials[4:8], "little") in (0, os.geteuid())


def greeting(asked_for: bytes = b"") -> bytes:
    """Return what a client says first; the answer begins with OK, and only then come messages.

    `asked_for` are further lines, between AUTH and BEGIN.

    It goes out in one piece: the manager leaves a message unread that comes along with BEGIN.
    """
    identity = str(os.geteuid()).encode().hex()
    return b"\0AUTH EXTERNAL " + identity.encode() + b"\r\n" + asked_for + b"BEGIN\r\n"


def _ask(connection: Socket, questions: Sequence[Question]) -> list[Value] | None:
    connection.sendall(greeting())
    stream = _Stream(connection)
    if not stream.line().startswith(b"OK "):
        return None
    found: list[Value] = []
    while len(found) < len(questions):
        begin = len(found)
        some = questions[begin : begin + _AT_ONCE]
        calls = [_call(serial, *question) for serial, question in enumerate(some, begin + 1)]
        connection.sendall(b"".join(calls))
        found += [stream.reply() for _ in some]
    return found


class _Stream:
    """What the manager sends, taken apart."""

    def __init__(self, connection: Socket) -> None:
        self._connection = connection
        self._data = b""

    def line(self) -> bytes:
        """Return the next line of the greeting."""
        while b"\r\n" not in self._data:
            self._receive()
        line, _, self._data = self._data.partition(b"\r\n")
        return line

    def reply(self) -> Value:
        """Return the value of the next answer; signals are passed over."""
        while True:
            header = self._take(_HEADER, peek=True)
            kind = header[1]
            fields = _padded(_HEADER + _number(header, 12), 8)
            message = self._take(fields + _number(header, 4))
            if kind == _METHOD_RETURN:
                return _variant(message, fields)
            if kind == _ERROR:
                return None

    def _take(self, length: int, *, peek: bool = False) -> bytes:
        if length > _LARGEST_MESSAGE:
            raise ValueError(length)
        while len(self._data) < length:
            self._receive()
        taken = self._data[:length]
        if not peek:
            self._data = self._data[length:]
        return taken

    def _receive(self) -> None:
        data = self._connection.recv(_LARGEST_MESSAGE)
        if not data:
            raise OSError
        self._data += data


def _variant(message: bytes, at: int) -> Value:
    """Return the value of a variant that begins at an offset of the message."""
    signature = message[at + 1 : at + 1 + message[at]]
    at += 2 + message[at]
    if signature == b"t":
        at = _padded(at, 8)
        return int.from_bytes(message[at : at + 8], "little")
    at = _padded(at, 4)
    length = _number(message, at)
    data = message[at + 4 : at + 4 + length]
    if signature == b"as":
        return _strings(data)
    if signature == b"s":
        return data.decode("utf-8", "surrogateescape")
    return data if signature == b"ay" else None


def _strings(data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        length = _number(data, at)
        found.append(data[at + 4 : at + 4 + length].decode("utf-8", "surrogateescape"))
        at = _padded(at + 4 + length + 1, 4)
    return found


def _call(serial: int, unit: str, interface: str, name: str) -> bytes:
    """Return one call of org.freedesktop.DBus.Properties.Get as it goes over the wire."""
    body = _string(f"{_PREFIX}.{interface}")
    body += b"\0" * (-len(body) % 4) + _string(name)
    fields = b""
    for code, kind, text in (
        (1, b"o", f"{_PATH}/unit/{_label(unit)}" if unit else _PATH),
        (2, b"s", "org.freedesktop.DBus.Properties"),
        (3, b"s", "Get"),
        (6, b"s", _PREFIX),
    ):
        fields += b"\0" * (-len(fields) % 8) + bytes((code, 1)) + kind + b"\0" + _string(text)
    fields += b"\0" * (-len(fields) % 8) + b"\x08\x01g\0\x02ss\0"
    start = b"l" + bytes((_METHOD_CALL, 0, 1)) + _u32(len(body)) + _u32(serial)
    header = start + _u32(len(fields)) + fields
    return header + b"\0" * (-len(header) % 8) + body


def _label(unit: str) -> str:
    """Return a unit's name as the last part of its object path: sd_bus_path_encode(3)."""
    return "".join(
        character
        if character.isalnum() and character.isascii() and (place or not character.isdigit())
        else "".join(f"_{byte:02x}" for byte in character.encode())
        for place, character in enumerate(unit)
    )


def _string(text: str) -> bytes:
    data = text.encode()
    return _u32(len(data)) + data + b"\0"


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _padded(at: int, boundary: int) -> int:
    return at + -at % boundary

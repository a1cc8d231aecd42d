"""D-Bus messages as bytes: the header, and values written and read by their signatures.

The format is that of the D-Bus specification. Values have the types of JSON: a structure or array
is a list or tuple, a variant is a pair of its signature and its value. What is read
has `bytes` for an array of bytes and `dict` for one of entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
HEADER = 16  # so many bytes say how long the message is
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION = 1, 2, 3, 4, 5, 6
_SIGNATURE, _FILES = 8, 9
_LITTLE = ord("l")
# What each type is aligned to, by its first letter.
_ALIGNMENT = dict(
    zip("ygvnqbiuashoxt({", (1, 1, 1, 2, 2, 4, 4, 4, 4, 4, 4, 4, 8, 8, 8, 8), strict=True)
)
# Bytes of a number, and whether it has a sign.
_NUMBERS = {
    "y": (1, False),
    "n": (2, True),
    "q": (2, False),
    "b": (4, False),
    "i": (4, True),
    "u": (4, False),
    "h": (4, False),
    "x": (8, True),
    "t": (8, False),
}
_split: dict[str, list[str]] = {}  # signatures taken apart before


class MethodCall(NamedTuple):
    """What is called; `signature` is that of the arguments."""

    destination: str
    path: str
    interface: str
    member: str
    signature: str = ""

    def message(self, serial: int, arguments: Sequence[Any]) -> tuple[bytes, list[int]]:
        """Return the call as bytes, and the open files that go beside it.

        ValueError, TypeError or OverflowError for arguments that no message can hold.
        """
        body = _Writer()
        for kind, value in zip(_types(self.signature), arguments, strict=True):
            body.write(kind, value)
        fields: list[tuple[int, tuple[str, Any]]] = [
            (_PATH, ("o", self.path)),
            (_INTERFACE, ("s", self.interface)),
            (_MEMBER, ("s", self.member)),
            (_DESTINATION, ("s", self.destination)),
        ]
        if self.signature:
            fields.append((_SIGNATURE, ("g", self.signature)))
        if body.files:
            fields.append((_FILES, ("u", len(body.files))))
        header = _Writer()
        numbers = (_LITTLE, METHOD_CALL, 0, 1, len(body.data), serial)
        for kind, value in zip("yyyyuu", numbers, strict=True):
            header.write(kind, value)
        header.write("a(yv)", fields)
        header.pad(8)
        return bytes(header.data + body.data), body.files


class BusMessage:
    """A message that came in; ValueError if it is not one."""

    __slots__ = ("_fields", "_reader", "kind")

    def __init__(self, data: bytes) -> None:
        self.kind = data[1]
        self._reader = _Reader(data, _order(data))
        self._reader.at = HEADER - 4
        fields = self._reader.read("a(yv)")
        self._fields = {code: value for code, (_, value) in fields}
        self._reader.pad(8)

    @property
    def reply_serial(self) -> int | None:
        """The call that it answers."""
        return self._fields.get(_REPLY_SERIAL)

    @property
    def origin(self) -> tuple[str | None, str | None]:
        """The path and the interface of a signal."""
        return self._fields.get(_PATH), self._fields.get(_INTERFACE)

    @property
    def error_name(self) -> str:
        """The name of the error that it is."""
        return str(self._fields.get(_ERROR_NAME, ""))

    def body(self) -> tuple[Any, ...]:
        """Return its values."""
        return tuple(self._reader.read(kind) for kind in _types(self._fields.get(_SIGNATURE, "")))


def length_of(header: bytes) -> int:
    """Return how long the message is that begins with these 16 bytes."""
    order = _order(header)
    body, fields = (int.from_bytes(header[at : at + 4], order) for at in (4, 12))
    return HEADER + fields + -fields % 8 + body


def _order(header: bytes) -> Literal["little", "big"]:
    return "little" if header[0] == _LITTLE else "big"


class _Writer:
    """Values one after the other, each at its alignment."""

    __slots__ = ("data", "files")

    def __init__(self) -> None:
        self.data = bytearray()
        self.files: list[int] = []

    def pad(self, boundary: int) -> None:
        self.data += bytes(-len(self.data) % boundary)

    def write(self, kind: str, value: Any) -> None:
        first = kind[0]
        self.pad(_ALIGNMENT[first])
        if first == "h":
            self.files.append(value)
            self._number("h", len(self.files) - 1)
        elif first in _NUMBERS:
            self._number(first, int(value))
        elif first in "so":
            self._text("u", value)
        elif first == "g":
            self._text("y", value)
        elif first == "v":
            signature, inner = value
            self._text("y", signature)
            self.write(signature, inner)
        elif first == "a":
            self._array(kind[1:], value)
        else:
            for part, one in zip(_types(kind[1:-1]), value, strict=True):
                self.write(part, one)

    def _number(self, kind: str, value: int) -> None:
        size, signed = _NUMBERS[kind]
        self.data += value.to_bytes(size, "little", signed=signed)

    def _text(self, length: str, value: str) -> None:
        data = value.encode()
        if b"\0" in data:
            raise ValueError(value)
        self._number(length, len(data))
        self.data += data + b"\0"

    def _array(self, element: str, values: Sequence[Any]) -> None:
        at = len(self.data)
        self._number("u", 0)
        self.pad(_ALIGNMENT[element[0]])
        begin = len(self.data)
        for value in values:
            self.write(element, value)
        self.data[at : at + 4] = (len(self.data) - begin).to_bytes(4, "little")


class _Reader:
    """Takes values out of a message, from `at` on."""

    __slots__ = ("_data", "_order", "at")

    def __init__(self, data: bytes, order: Literal["little", "big"]) -> None:
        self._data = data
        self._order = order
        self.at = 0

    def pad(self, boundary: int) -> None:
        self.at += -self.at % boundary

    def read(self, kind: str) -> Any:
        first = kind[0]
        self.at += -self.at % _ALIGNMENT[first]
        if first in "so":
            return self._text(4)
        if first in _NUMBERS:
            number = self._number(first)
            return bool(number) if first == "b" else number
        if first == "g":
            return self._text(1)
        if first == "v":
            signature = self._text(1)
            return signature, self.read(signature)
        if first == "a":
            return self._array(kind[1:])
        return tuple([self.read(part) for part in _types(kind[1:-1])])

    def _take(self, size: int) -> bytes:
        data = self._data[self.at : self.at + size]
        if len(data) < size:
            raise ValueError(size)
        self.at += size
        return data

    def _number(self, kind: str) -> int:
        size, signed = _NUMBERS[kind]
        return int.from_bytes(self._take(size), self._order, signed=signed)

    def _text(self, size_of_length: int) -> str:
        length = int.from_bytes(self._take(size_of_length), self._order)
        return self._take(length + 1)[:-1].decode("utf-8", "surrogateescape")

    def _array(self, element: str) -> Any:
        length = self._number("u")
        self.pad(_ALIGNMENT[element[0]])
        if element == "y":
            return self._take(length)
        found = []
        end = self.at + length
        while self.at < end:
            found.append(self.read(element))
        return dict(found) if element[0] == "{" else found


def _types(signature: str) -> list[str]:
    """Return the complete types of a signature: `s`, `as` and `(sb)` of `sas(sb)`."""
    if signature not in _split:
        _split[signature] = list(_taken_apart(signature))
    return _split[signature]


def _taken_apart(signature: str) -> Iterator[str]:
    begin, open_ones = 0, 0
    for at, letter in enumerate(signature):
        open_ones += (letter in "({") - (letter in ")}")
        if letter != "a" and open_ones == 0:
            yield signature[begin : at + 1]
            begin = at + 1
    if begin != len(signature) or "()" in signature or "{}" in signature:
        raise ValueError(signature)

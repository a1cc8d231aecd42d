"""A service manager's private socket that answers what a test says, over the real wire format."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Self

INVOCATION = "c" * 32


class PrivateManager:
    """Serves `systemd/private` below a runtime directory.

    `properties` maps (unit, property) to a number, a string or bytes; what is not there is answered
    with an error. `noise` sends a signal before every answer, as a manager may.
    """

    def __init__(self, runtime: Path, *, noise: bool = False) -> None:
        self.properties: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str]] = []
        self._noise = noise
        self._runtime = runtime
        (runtime / "systemd").mkdir(parents=True, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(runtime / "systemd" / "private"))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def environ(self) -> dict[str, str]:
        """The environment that systemd would give the unit."""
        return {"XDG_RUNTIME_DIR": str(self._runtime), "INVOCATION_ID": INVOCATION}

    def started_by(self, timer: str, fired_us: int, *, unit: str = "docket-job.service") -> None:
        """Play a timer that elapsed and started the unit."""
        self.by_hand(unit)
        self.elapsed(timer, fired_us)
        self.properties[timer, "SubState"] = "running"

    def by_hand(self, unit: str = "docket-job.service") -> None:
        """Play a unit that somebody started; timers keep what they were but none is running."""
        self.properties[unit, "InvocationID"] = bytes.fromhex(INVOCATION)
        self.properties[unit, "InactiveExitTimestampMonotonic"] = 9_000_000
        for name, key in list(self.properties):
            if key == "SubState":
                self.properties[name, key] = "waiting"

    def elapsed(self, timer: str, fired_us: int, *, monotonic_us: int = 8_990_000) -> None:
        """Play a timer's last elapse."""
        self.properties[timer, "LastTriggerUSec"] = fired_us
        self.properties[timer, "LastTriggerUSecMonotonic"] = monotonic_us

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        os.unlink(self._runtime / "systemd" / "private")
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                with peer, contextlib.suppress(OSError, EOFError):
                    self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        stream = peer.makefile("rb")
        line = stream.readline()
        assert line == b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n"
        assert stream.readline() == b"BEGIN\r\n"
        peer.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        while True:
            start = stream.read(16)
            if len(start) < 16:
                raise EOFError
            body_length, serial, fields_length = struct.unpack("<4xIII", start)
            fields = stream.read(fields_length + -fields_length % 8)
            body = stream.read(body_length)
            unit = _unlabelled(fields)
            name = body[-_last_string(body) - 1 : -1]
            key = (unit, name.decode())
            self.asked.append(key)
            if self._noise:
                peer.sendall(_message(4, 0, b"\x01s\0\0" + b"\0" * 4 + b"\0"))
            value = self.properties.get(key)
            if value is None:
                peer.sendall(_message(3, serial, b""))
            else:
                peer.sendall(_message(2, serial, _variant(value)))


def _last_string(body: bytes) -> int:
    """Return the length of the second string of a body with two."""
    first = struct.unpack_from("<I", body)[0]
    at = 4 + first + 1
    at += -at % 4
    return int(struct.unpack_from("<I", body, at)[0])


def _unlabelled(fields: bytes) -> str:
    """Return the unit's name from the path field, which comes first."""
    length = struct.unpack_from("<I", fields, 4)[0]
    label = fields[8 : 8 + length].decode().rpartition("/")[2]
    parts = label.split("_")
    decoded = "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:])
    return f"{parts[0]}{decoded}"


def _message(kind: int, serial: int, body: bytes) -> bytes:
    fields = b"\x05\x01u\0" + struct.pack("<I", serial)
    header = b"l" + bytes((kind, 1, 1)) + struct.pack("<III", len(body), serial + 1000, len(fields))
    header += fields
    return header + b"\0" * (-len(header) % 8) + body


def _variant(value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return b"\x01t\0" + b"\0" * 5 + struct.pack("<Q", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\x01s\0\0" + struct.pack("<I", len(data)) + data + b"\0"
    return b"\x02ay\0" + struct.pack("<I", len(value)) + value

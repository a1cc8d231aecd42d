"""Finds the socket of a service manager and opens it.

pystemd costs more instructions than most commands: it is imported once a socket is found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from docket.errors import BusAbsentError, BusError
from docket.paths import runtime_directory

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_SYSTEM_PRIVATE = "/run/systemd/private"
_SYSTEM_BUS = "/run/dbus/system_bus_socket"
_ADDRESS_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.\\*")


def connect(environ: Mapping[str, str], *, system: bool) -> Connection:
    """Open the manager of the scope; BusAbsentError, saying why, where there is none.

    The manager's private socket comes first, as in systemctl: it needs no message bus and nothing
    of the environment, which cron, sudo and sandboxes of agents take away.
    """
    bus = _first_open(_addresses(environ, system=system))
    if bus is None:
        raise _absence(system=system)
    return bus


def connect_system_bus() -> Connection:
    """Open the system's message bus, where logind answers; BusError where there is none."""
    bus = _first_open(_existing([(_SYSTEM_BUS, False)]))
    if bus is None:
        raise BusError(
            "The system's message bus cannot be reached.", hint="Is dbus installed and running?"
        )
    return bus


def _first_open(addresses: Sequence[tuple[str, bool]]) -> Connection | None:
    if not addresses:
        return None
    from docket.systemd.bus import first_open  # noqa: PLC0415  (brings pystemd: 30 ms)

    return first_open(addresses)


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

"""Finds the socket of a service manager and opens it with the D-Bus library that is there.

A library costs more instructions than most commands: it is imported once a socket is found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from docket.errors import BusAbsentError, BusError, BusLibraryMissingError
from docket.paths import runtime_directory

if TYPE_CHECKING:
    from docket.systemd.bus import Connection
    from docket.systemd.wire import WireOpener


_SYSTEM_PRIVATE = "/run/systemd/private"
_SYSTEM_BUS = "/run/dbus/system_bus_socket"
_ADDRESS_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.\\*")


def connect(environ: Mapping[str, str], *, system: bool) -> Connection:
    """Open the manager of the scope; BusAbsentError, saying why, if there is none.

    The manager's private socket comes first, as in systemctl: it needs no message bus and nothing
    of the environment, which cron, sudo and sandboxes of agents take away.
    """
    bus = _first_open(_addresses(environ, system=system))
    if bus is None:
        raise _absence(environ, system=system)
    return bus


def connect_system_bus() -> Connection:
    """Open the system's message bus, where logind answers; BusError if there is none."""
    bus = _first_open(_existing([(_SYSTEM_BUS, False)]))
    if bus is None:
        raise BusError(
            "The system's message bus cannot be reached.", hint="Is dbus installed and running?"
        )
    return bus


def _first_open(addresses: Sequence[tuple[str, bool]]) -> Connection | None:
    """Open the first address that answers; each is given with whether it is a private socket."""
    if not addresses:
        return None
    open_wire = _opener()
    from docket.systemd.bus import Connection  # noqa: PLC0415  (the library has loaded it)

    for address, private in addresses:
        wire = open_wire(address, private=private)
        if wire is not None:
            return Connection(wire)
    return None


def _opener() -> WireOpener:
    """Return what opens sockets: the first D-Bus library that can be imported.

    One is not installed where it fails, or was compiled for another Python.
    """
    with suppress(ImportError):
        from docket.systemd.pystemdwire import open_wire  # noqa: PLC0415  (30 ms)

        return open_wire
    with suppress(ImportError):
        from docket.systemd.jeepneywire import open_wire as open_by_jeepney  # noqa: PLC0415

        return open_by_jeepney
    from docket.libraries import how_to_add  # noqa: PLC0415  (only where both are missing)

    raise BusLibraryMissingError(
        "The service manager cannot be asked: Python finds no library for D-Bus.",
        hint=how_to_add("jeepney", "python3-jeepney"),
    )


def _addresses(environ: Mapping[str, str], *, system: bool) -> Sequence[tuple[str, bool]]:
    if system:
        return _existing([(_SYSTEM_PRIVATE, True), (_SYSTEM_BUS, False)])
    found: list[tuple[str, bool]] = []
    runtime = runtime_directory(environ)
    if runtime is not None:
        found += _existing([(f"{runtime}/systemd/private", True), (f"{runtime}/bus", False)])
    named = environ.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        found += [(part, False) for part in named.split(";") if part and _is_callers(part)]
    return found


def _is_callers(address: str) -> bool:
    """Whether the socket of a D-Bus address belongs to the caller, as far as it is a file.

    After `sudo -E` and `su` the variable names the bus of somebody else, who would then obey what
    is meant for another manager.
    """
    kind, _, rest = address.partition(":")
    path = next((p[5:] for p in rest.split(",") if p.startswith("path=")), None)
    if kind != "unix" or path is None:
        return os.geteuid() != 0
    try:
        return os.stat(_plain_path(path)).st_uid == os.geteuid()
    except (OSError, ValueError):
        return False


def _plain_path(escaped: str) -> str | bytes:
    if "%" not in escaped:
        return escaped
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  (9 million instructions; seldom)

    return unquote_to_bytes(escaped)


def _existing(sockets: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    there = [(path, private) for path, private in sockets if os.path.exists(path)]
    return [(f"unix:path={_escaped(path)}", private) for path, private in there]


def _escaped(path: str) -> str:
    """The path as D-Bus addresses have it: everything but their plain characters as %XX."""
    return "".join(
        chr(byte) if chr(byte) in _ADDRESS_PLAIN else f"%{byte:02x}" for byte in os.fsencode(path)
    )


def _absence(environ: Mapping[str, str], *, system: bool) -> BusAbsentError:
    if not os.path.isdir("/run/systemd/system"):
        return BusAbsentError(
            "This machine was not booted with systemd, as in most containers, or a sandbox hides"
            " it.",
            hint="Tasks can be run by hand with `docket run`; timers need systemd.",
        )
    if system:
        return BusAbsentError(
            "The system's service manager cannot be reached.",
            hint="Run it as root, on the host and not in a container.",
        )
    if os.geteuid() == 0:
        return _absence_for_root(environ)
    runtime = runtime_directory(environ)
    if runtime is not None:
        return BusAbsentError(
            f"{runtime} has no socket of your service manager: it is not running, or a sandbox"
            " hides it.",
            hint="Ask outside of the sandbox; `systemctl --user status` says whether it runs.",
        )
    return BusAbsentError(
        "No service manager is running for this user, or a sandbox hides its directory"
        f" /run/user/{os.geteuid()}.",
        hint="Log in once, or turn linger on: loginctl enable-linger",
    )


def _absence_for_root(environ: Mapping[str, str]) -> BusAbsentError:
    """Return why root has no manager of its own: mostly another one was meant."""
    caller = environ.get("SUDO_USER")
    own = f"as {caller}, without sudo" if caller and caller != "root" else "as that user"
    return BusAbsentError(
        "You are root, and root has no service manager of a user.",
        hint=f"docket --system ... is for the tasks of the machine; ask for a user's tasks {own}.",
    )

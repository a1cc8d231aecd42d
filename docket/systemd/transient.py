"""Units for a single run, made over the bus: StartTransientUnit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from docket.errors import BusError

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_UNIT = b"org.freedesktop.systemd1.Unit"
_SERVICE = b"org.freedesktop.systemd1.Service"


def start_transient(bus: Connection, name: str, properties: Sequence[Sequence[Any]]) -> bytes:
    """Start a transient unit and return the path of its start job, which may end at once.

    Each property is its name, its D-Bus signature and its value as JSON holds it. BusError if
    the manager refuses it: the sentence is the manager's own.
    """
    wires = [
        (_wire(prop), signature.encode(), _wire(value)) for prop, signature, value in properties
    ]
    try:
        return bus.start_transient(_wire(name), wires)
    except BusError as error:
        raise BusError(
            f"systemd did not start {name}: {error.sentence}", hint=error.hint, unit=name
        ) from None


def run_transient(
    bus: Connection,
    ended: Mapping[bytes, str],
    name: str,
    properties: Sequence[Sequence[Any]],
    passed_on: Callable[[], int],
) -> None:
    """Start a transient unit and wait until its start job is over, which is its process's end.

    `ended` are the jobs that are over, as `watch_jobs` fills it. `passed_on` gives a signal to
    send to the unit's main process, or 0. BusError if the manager refuses or goes away.
    """
    job = start_transient(bus, name, properties)

    unsent: list[int] = []

    def over() -> bool:
        unsent.extend(number for number in (passed_on(),) if number)
        with suppress(BusError):  # it has no process yet and is asked again, or has none any more
            while unsent and job not in ended:
                bus.manager(b"KillUnit", b"ssi", _wire(name), b"main", unsent[0])
                del unsent[0]
        return job in ended

    bus.pump(over, float("inf"))


def main_pid(bus: Connection, name: str) -> int | None:
    """Return the process of a service; 0 while it has none yet, None if it is over or gone."""
    path = bus.manager(b"LoadUnit", b"s", _wire(name))
    if bus.property(path, _UNIT, b"LoadState", b"s") != b"loaded":
        return None
    # Asked before the process: a unit that ended in between is asked again by the caller.
    failed = bus.property(path, _UNIT, b"ActiveState", b"s") == b"failed"
    pid = int(bus.property(path, _SERVICE, b"ExecMainPID", b"u"))
    return pid or (None if failed else 0)


def _wire(value: Any) -> Any:
    """Return a JSON value as the bus takes it: text becomes bytes, at every depth."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    if isinstance(value, list):
        return [_wire(part) for part in value]
    return value

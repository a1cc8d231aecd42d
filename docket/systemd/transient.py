"""Units for a single run, made over the bus: StartTransientUnit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from docket.errors import BusError

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_UNIT = "org.freedesktop.systemd1.Unit"
_SERVICE = "org.freedesktop.systemd1.Service"


def start_transient(bus: Connection, name: str, properties: Sequence[Sequence[Any]]) -> str:
    """Start a transient unit and return the path of its start job, which may end at once.

    Each property is its name, its D-Bus signature and its value as JSON holds it. BusError if
    the manager refuses it: the sentence is the manager's own.
    """
    try:
        return bus.start_transient(name, [(prop, kind, value) for prop, kind, value in properties])
    except BusError as error:
        raise BusError(
            f"systemd did not start {name}: {error.sentence}", hint=error.hint, unit=name
        ) from None


def run_transient(
    bus: Connection,
    ended: Mapping[str, str],
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
                bus.manager("KillUnit", "ssi", name, "main", unsent[0])
                del unsent[0]
        return job in ended

    bus.pump(over, float("inf"))


def main_pid(bus: Connection, name: str) -> int | None:
    """Return the process of a service; 0 while it has none yet, None if it is over or gone."""
    path = bus.manager("LoadUnit", "s", name)
    if bus.property(path, _UNIT, "LoadState", "s") != "loaded":
        return None
    # Asked before the process: a unit that ended in between is asked again by the caller.
    failed = bus.property(path, _UNIT, "ActiveState", "s") == "failed"
    pid = int(bus.property(path, _SERVICE, "ExecMainPID", "u"))
    return pid or (None if failed else 0)

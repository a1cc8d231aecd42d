"""What a command is given: the places, the environment, the clock and the service manager."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from docket.app.session.ports import UnitManager
from docket.app.session.scope import SessionScope
from docket.model.record import Record, field
from docket.paths import Paths
from docket.systemd.controllers import ROOT

if TYPE_CHECKING:
    from docket.store.reader import Reader


class Session(Record):
    """One command's surroundings.

    `units` makes the service manager's gateway; making it costs nothing and cannot fail, each
    method of what it returns may raise BusError. `now_us` is microseconds since the epoch, and
    `program` is how a shell calls this very Docket. Without `keeps` (a dry run) nothing is written,
    not even a plan or a cache. `cgroup_root` is where the kernel shows the control groups.
    `tool` is by what a person changes things: cli, mcp or api. `notices` are sentences that a use
    case wants said beside its answer. `readers` are the records of runs that are open now, by path
    and thread: `open_record` keeps them.
    """

    paths: Paths
    environ: Mapping[str, str]
    now_us: Callable[[], int]
    units: Callable[[], UnitManager]
    program: str = "docket"
    keeps: bool = True
    cgroup_root: str = ROOT
    tool: str = "cli"
    notices: list[str] = field(default_factory=list)
    readers: dict[tuple[str, int], Reader] = field(default_factory=dict)


def open_session(
    environ: Mapping[str, str],
    *,
    system: bool = False,
    home: str | None = None,
    config: str | None = None,
) -> Session:
    """Return the session of a real command in the scope that its options name.

    Raises UsageError if they exclude each other.
    """
    scope = SessionScope(system, home, config)
    effective = scope.environ(environ)
    return Session(
        paths=scope.paths(effective),
        environ=effective,
        now_us=wall_clock_us,
        units=lambda: _real_units(effective, system=system),
        program=scope.program(),
    )


def wall_clock_us() -> int:
    """Return the time in microseconds since the epoch."""
    return time.time_ns() // 1000


def _real_units(environ: Mapping[str, str], *, system: bool) -> UnitManager:
    from docket.systemd.units import SystemdUnits  # noqa: PLC0415  (few need it)

    return SystemdUnits(environ, system=system)

"""Which timers may be started now: never one that would run its task by being started.

A path unit may: if what it waits for is there, the task is to run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from docket.app.session.session import Session
from docket.compiler.bundle import Bundle
from docket.compiler.timer import waits_for_boot
from docket.model.names import PATH_ENDING
from docket.systemd import stamps


class TimerChoice:
    """Timers and path units by what may be done with them.

    `startable` may be enabled and started, `at_boot` may only be enabled (for the next boot),
    `past` (only instants that are over) and `off` (somebody switched them off) neither; `wanted`
    are the first two in order.
    """

    def __init__(
        self, scheduled: Mapping[str, Bundle], now_us: int, *, off: Collection[str] = ()
    ) -> None:
        self.past = tuple(
            starter
            for starter, bundle in scheduled.items()
            if not starter.endswith(PATH_ENDING) and is_past(bundle, now_us)
        )
        self.at_boot = frozenset(
            timer
            for timer, bundle in scheduled.items()
            if bundle.timing is not None and waits_for_boot(timer, bundle.timing)
        )
        self.off = tuple(timer for timer in off if timer not in self.past)
        idle = {*self.past, *self.off}
        self.wanted = tuple(timer for timer in scheduled if timer not in idle)
        self.startable = frozenset(self.wanted) - self.at_boot


def stamp_of(session: Session, timer: str) -> str:
    """Return where the stamp of `timer` is, if it has one."""
    paths = session.paths
    return stamps.stamp_path(timer, session.environ, system=paths.system, user_home=paths.user_home)


def is_past(bundle: Bundle, now_us: int) -> bool:
    """Whether the task has only instants, and all of them are over."""
    timing = bundle.timing
    return (
        timing is not None
        and timing.one_shot
        and bool(timing.last_instants_us)
        and max(timing.last_instants_us) <= now_us
    )

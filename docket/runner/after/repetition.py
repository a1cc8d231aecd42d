"""A path that stays as it is starts its task again as soon as the unit ends.

A run that was refused did nothing about the path. Without a pause, each start would be refused
within a tenth of a second, until systemd stops watching the path.
"""

from __future__ import annotations

import select

from docket.model.task.schedule import PATH_CHANGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.runner.call.signals import StopSignals

_PAUSE_SECONDS = 60.0


def hold_back(plan: Plan, stop: StopSignals) -> None:
    """Wait for a minute, or until a signal asks to stop; the unit's own timeout is not reached."""
    if all(kind in PATH_CHANGES for _path, kind in plan.paths):
        return
    limit = plan.timeout_seconds
    seconds = _PAUSE_SECONDS if limit is None else min(_PAUSE_SECONDS, limit + plan.grace_seconds)
    waiting = select.poll()
    waiting.register(stop.descriptor, select.POLLIN)
    if not stop.received:
        waiting.poll(seconds * 1000)

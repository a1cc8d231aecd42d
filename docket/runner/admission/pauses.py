"""A fire of a task that somebody has paused, or whose next fire is to be skipped."""

from __future__ import annotations

from docket.runner.call.environment import iso
from docket.store.orders.overrides import PAUSE, SKIP_NEXT, use_up_skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.record.record import Recorder


def order_in_force(
    overrides: list[tuple[str, int | None, str | None]], recorder: Recorder
) -> tuple[str, str] | None:
    """Return the (code, reason) for which the fire does not run, from (kind, until, reason) each.

    A pause goes before `skip-next`, which so counts fires that would have run. A database that
    refuses the counting skips the fire anyway.
    """
    known = {kind: (until, reason) for kind, until, reason in overrides}
    if PAUSE in known:
        until, reason = known[PAUSE]
        if until is None or recorder.row.started_at < until:
            when = "until `docket resume`" if until is None else f"until {iso(until)}"
            return "paused", f"the task is paused {when}{_because(reason)}"
    if SKIP_NEXT not in known:
        return None
    task = recorder.row.task
    used = recorder.ask(lambda connection: use_up_skip(connection, task))
    reason = known[SKIP_NEXT][1]
    words = f"this fire was to be skipped{_because(reason)}"
    return ("skip_next", words) if used is not False else None


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""

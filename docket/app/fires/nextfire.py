"""The fires to come of an installed timer, as the manager and the timer's calendars say them.

Nothing here reads a schedule of the config: `docket status` would pay for that each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docket.app.fires.calendarfires import fires_after, previous_fire
from docket.app.fires.orders import held_back
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.session.ports import UnitState
from docket.model.plan import Plan
from docket.model.records import OverrideRecord
from docket.paths import Paths

_SECOND_US = 1_000_000


def next_fire_us(
    paths: Paths,
    plan: Plan | None,
    state: UnitState,
    orders: Sequence[OverrideRecord],
    now_us: int,
) -> int | None:
    """Return the first fire of an active timer that no order holds back; None if it has none."""
    if not orders or state.next_elapse_us is None:
        return state.next_elapse_us
    timer = None if plan is None else read_timer(paths, plan)
    passing = held_back(orders).passing(lambda at_us: fires_since(timer, state, now_us, at_us))
    return next(passing, None)


def fires_since(
    timer: InstalledTimer | None, state: UnitState | None, now_us: int, at_us: int
) -> Iterator[int]:
    """Yield the instants to come at which the timer elapses, from `at_us` on, in order.

    The first one is what the manager says. Its distance from its calendar instant is the timer's
    jitter, which is the same each time (FixedRandomDelay=).
    """
    first = state.next_elapse_us if state is not None else None
    delay, after = 0, now_us
    if first is not None:
        if first >= at_us:
            yield first
        due = None if timer is None else previous_fire(timer.calendars, first)
        if timer is not None and due is not None and first - due <= _slack_us(timer):
            delay = first - due
        after = first - delay
    if timer is not None:
        calendar = fires_after(timer.calendars, max(after, at_us - delay - 1))
        yield from (due + delay for due in calendar)


def _slack_us(timer: InstalledTimer) -> float:
    return timer.slack_seconds * _SECOND_US

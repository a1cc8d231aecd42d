"""The fires of a timer around an instant, and the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from docket.app.fires.calendarfires import fires_after
from docket.app.fires.orders import HeldBack
from docket.app.text.documents import iso
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.time.calendar import Calendar, next_after, previous_at_or_before
from docket.schedule.zones import machine_zone, offsets_of

if TYPE_CHECKING:
    from docket.app.why.shapes import NearFireDocument

BEFORE = 3
AFTER = 2
_STEP_US = 1
OffsetAt = Callable[[int], int]


class FireSeen(Record):
    """One fire, and the run that was for it.

    `word` is the run's status, `none`, `to come`, `held back` (by a pause or `skip-next`), or
    `no timer then`: the timer as it is now was installed later.
    """

    at_us: int
    run_id: str | None
    word: str

    def document(self) -> NearFireDocument:
        """Return the fire as a JSON object."""
        return {"at": iso(self.at_us), "run_id": self.run_id, "outcome": self.word}


def instants_before(plan: Plan, at_us: int, count: int) -> list[int]:
    """Return up to `count` fires at or before an instant, oldest first."""
    return sorted(_collect(plan, at_us, count, _backwards))[-count:]


def instants_after(plan: Plan, at_us: int, count: int) -> list[int]:
    """Return up to `count` fires after an instant, in order."""
    return sorted(_collect(plan, at_us, count, next_after))[:count]


def nearest(plan: Plan, at_us: int) -> int | None:
    """Return the fire that is nearest to an instant; None if the timer has no calendar."""
    found = [*instants_before(plan, at_us, 1), *instants_after(plan, at_us, 1)]
    return min(found, key=lambda fire: abs(fire - at_us), default=None)


def fires_seen(
    plan: Plan,
    at_us: int,
    known: tuple[int | None, int],
    run_for: Callable[[int], RunRecord | None],
    held: HeldBack,
) -> tuple[FireSeen, ...]:
    """Return the fires around an instant with the outcome of each.

    `known` is when the timer was installed (None if there is none), and the present instant.
    """
    found = [*instants_before(plan, at_us, BEFORE), *instants_after(plan, at_us, AFTER)]
    if known[0] is None:  # a timer that is off has nothing to come
        found = [fire for fire in found if fire <= known[1]]
    seen = [_seen(fire, *known, run_for(fire)) for fire in found]
    return tuple(_ordered(fire, plan, known[1], held) for fire in seen)


def _ordered(fire: FireSeen, plan: Plan, now_us: int, held: HeldBack) -> FireSeen:
    """Return a fire to come as `held back` if an order is that it does not run."""
    calendars = _calendars(plan.calendars)
    waits = fire.word == "to come" and held.holds(
        fire.at_us, lambda at_us: fires_after(calendars, max(now_us, at_us - _STEP_US))
    )
    return fire.replace(word="held back") if waits else fire


def _seen(fire: int, installed_us: int | None, now_us: int, run: RunRecord | None) -> FireSeen:
    if run is not None:
        return FireSeen(fire, run.run_id, str(run.status))
    if fire > now_us:
        return FireSeen(fire, None, "to come")
    absent = installed_us is None or fire < installed_us
    return FireSeen(fire, None, "no timer then" if absent else "none")


def _backwards(calendar: Calendar, at_us: int, offset_at: OffsetAt) -> int | None:
    # The first step takes `at_us` itself; _collect goes on from the instant that it got.
    return previous_at_or_before(calendar, at_us, offset_at)


def _collect(
    plan: Plan,
    at_us: int,
    count: int,
    step: Callable[[Calendar, int, OffsetAt], int | None],
) -> set[int]:
    found: set[int] = set()
    zone = machine_zone()
    for calendar in _calendars(plan.calendars):
        offset_at = offsets_of(calendar.zone or zone)
        instant = step(calendar, at_us, offset_at)
        for _ in range(count):
            if instant is None:
                break
            found.add(instant)
            again = instant - _STEP_US if step is _backwards else instant
            instant = step(calendar, again, offset_at)
    return found


def _calendars(documents: Sequence[Any]) -> list[Calendar]:
    return [Calendar.from_json(document) for document in documents]

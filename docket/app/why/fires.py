"""The fires of a timer around an instant, and the outcome of each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from docket.app.fires.calendarfires import fires_after, fires_until
from docket.app.fires.orders import HeldBack
from docket.app.text.documents import iso
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.time.calendar import Calendar

if TYPE_CHECKING:
    from docket.app.why.shapes import NearFireDocument

BEFORE = 3
AFTER = 2


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
    return sorted(islice(fires_until(_calendars(plan), at_us), count))


def instants_after(plan: Plan, at_us: int, count: int) -> list[int]:
    """Return up to `count` fires after an instant, in order."""
    return list(islice(fires_after(_calendars(plan), at_us), count))


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
    if known[0] is None:  # a timer that is off has no next fire
        found = [fire for fire in found if fire <= known[1]]
    seen = [_seen(fire, *known, run_for(fire)) for fire in found]
    return tuple(_ordered(fire, plan, known[1], held) for fire in seen)


def _ordered(fire: FireSeen, plan: Plan, now_us: int, held: HeldBack) -> FireSeen:
    """Return a fire to come as `held back` if an order is that it does not run."""
    waits = fire.word == "to come" and held.holds(
        fire.at_us, lambda at_us: fires_after(_calendars(plan), max(now_us, at_us - 1))
    )
    return fire.replace(word="held back") if waits else fire


def _seen(fire: int, installed_us: int | None, now_us: int, run: RunRecord | None) -> FireSeen:
    if run is not None:
        return FireSeen(fire, run.run_id, str(run.status))
    if fire > now_us:
        return FireSeen(fire, None, "to come")
    absent = installed_us is None or fire < installed_us
    return FireSeen(fire, None, "no timer then" if absent else "none")


def _calendars(plan: Plan) -> list[Calendar]:
    return [Calendar.from_json(document) for document in plan.calendars]

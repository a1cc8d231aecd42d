"""The fires of several calendars together, before and after an instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from docket.model.time.calendar import Calendar, next_after, previous_at_or_before
from docket.schedule.zones import offsets_of

_STEP_US = 1


def previous_fire(calendars: Iterable[Calendar], at_us: int) -> int | None:
    """Return the last fire of any of the calendars at or before an instant."""
    found = (previous_at_or_before(c, at_us, offsets_of(c.zone)) for c in calendars)
    return max((at for at in found if at is not None), default=None)


def next_fire(calendars: Iterable[Calendar], at_us: int) -> int | None:
    """Return the first fire of any of the calendars after an instant."""
    found = (next_after(c, at_us, offsets_of(c.zone)) for c in calendars)
    return min((at for at in found if at is not None), default=None)


def fires_until(calendars: Sequence[Calendar], at_us: int) -> Iterator[int]:
    """Yield the fires of calendars at or before an instant, the last one first."""
    while (due := previous_fire(calendars, at_us)) is not None:
        yield due
        at_us = due - _STEP_US


def fires_after(calendars: Sequence[Calendar], after_us: int) -> Iterator[int]:
    """Yield the fires of calendars after an instant, in order."""
    while (due := next_fire(calendars, after_us)) is not None:
        yield due
        after_us = due

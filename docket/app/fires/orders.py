"""What a pause and `skip-next` do to the fires of a timer: which are held back, which run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from docket.app.text.redaction import redact_text
from docket.model.record import Record
from docket.model.records import OverrideRecord
from docket.model.time.humantime import local
from docket.store.orders.overrides import PAUSE

FiresSince = Callable[[int], Iterator[int]]  # the fires at or after an instant, in order


class HeldBack(Record):
    """Fires before `until_us` are held back (None: all), and the next `skips` after that."""

    until_us: int | None = 0
    skips: int = 0

    def passing(self, fires_since: FiresSince) -> Iterator[int]:
        """Return the fires that are not held back, in order."""
        if self.until_us is None:
            return iter(())
        return islice(fires_since(self.until_us), self.skips, None)

    def holds(self, at_us: int, fires_since: FiresSince) -> bool:
        """Whether a fire to come is held back."""
        if self.until_us is None or at_us < self.until_us:
            return True
        return at_us in islice(fires_since(self.until_us), self.skips)


def held_back(orders: Sequence[OverrideRecord]) -> HeldBack:
    """Return what the orders in force for one task hold back."""
    ends = [order.until_us for order in orders if order.kind == PAUSE]
    until_us = None if None in ends else max([0, *(end for end in ends if end is not None)])
    return HeldBack(until_us, sum(order.remaining or 1 for order in orders if order.kind != PAUSE))


def order_sentence(order: OverrideRecord) -> str:
    """Say what an order holds back, until when, and why."""
    if order.kind != PAUSE:
        count = order.remaining or 1
        fires = "fire" if count == 1 else f"{count} fires"
        return f"Its next {fires} will be skipped."
    until = f" until {local(order.until_us)}" if order.until_us is not None else ""
    return f"It is paused{until}." + (f" {redact_text(order.reason)}" if order.reason else "")

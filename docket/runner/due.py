"""Which fire a run is for: from what systemd says of the trigger, and the timer's own calendar."""

from __future__ import annotations

import os
import time

from docket.model.calendar import Calendar, previous_at_or_before
from docket.model.states import Trigger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan

_LATE_US = 30_000_000  # a busy machine starts things late; beyond this a fire was caught up


def fire_of(plan: Plan) -> tuple[Trigger, int | None, int] | None:
    """Return (trigger, due instant, how late in µs) of a run that a timer started, else None.

    The due instant is None where the timer has no calendar (a span or the boot started it).
    """
    if os.environ.get("TRIGGER_UNIT") != plan.timer_unit:
        return None
    fired = _instant(os.environ.get("TRIGGER_TIMER_REALTIME_USEC"))
    if fired is None:
        fired = time.time_ns() // 1000
    due = _due(plan, fired)
    if due is None:
        return (Trigger.TIMER, None, 0)
    late = fired - due
    allowed = _LATE_US + int(plan.slack_seconds * 1e6)
    return (Trigger.CATCH_UP if late > allowed else Trigger.TIMER, due, late)


def _due(plan: Plan, fired_us: int) -> int | None:
    instants = []
    for document in plan.calendars:
        calendar = Calendar.from_json(document)
        with_zone = Zone(calendar.zone)
        try:
            found = previous_at_or_before(calendar, fired_us, with_zone.offset_at)
        finally:
            with_zone.close()
        if found is not None:
            instants.append(found)
    return max(instants, default=None)


class Zone:
    """UTC offsets of one zone by the C library, which knows them all without an import."""

    def __init__(self, name: str) -> None:
        self._before = os.environ.get("TZ")
        self._changed = name not in ("", "UTC")
        self._utc = name == "UTC"
        if self._changed:
            os.environ["TZ"] = f":{name}"
            time.tzset()

    def offset_at(self, epoch_seconds: int) -> int:
        """Return the offset in seconds east of UTC at an instant."""
        return 0 if self._utc else time.localtime(epoch_seconds).tm_gmtoff

    def close(self) -> None:
        """Give the process its own zone back."""
        if not self._changed:
            return
        if self._before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = self._before
        time.tzset()


def _instant(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None

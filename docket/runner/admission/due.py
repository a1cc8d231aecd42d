"""Which fire a run is for: from what started its unit and when, and the timer's calendars."""

from __future__ import annotations

import os
import time

from docket.model.states import Trigger
from docket.model.time.calendar import Calendar, previous_at_or_before
from docket.runner.call.activation import elapse_of, starters_of
from docket.store.rows import has_fired, last_end, last_start_by_timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.runner.call.activation import Elapse
    from docket.runner.record.record import Recorder

_LATE_US = 30_000_000  # a busy machine starts things late; beyond this a fire was caught up
_AT_ONCE_US = 2_000_000  # the time from the activation of a timer to a fire that it catches up
_END_TO_CHANGE_US = 1_000_000  # from the recorded end of a run to that of its unit
_MOST_STEPS = 1000  # how many instants of a calendar are looked at within one jitter


def fire_of(plan: Plan, recorder: Recorder) -> tuple[Trigger, int | None, int] | None:
    """Return (trigger, due instant, how late in µs) of a run that a timer or path started, or None.

    The due instant is None if no calendar was due: a span, the boot or a path started the run.
    """
    elapse = elapse_of(plan.unit, starters_of(plan), plan.lock_dir, system=plan.system)
    if elapse is None or is_served(elapse, recorder):
        return None
    if elapse.by_path:
        return (Trigger.PATH, None, 0)
    now = time.time_ns() // 1000
    fired = now if elapse.at_us is None else elapse.at_us
    # The boot timer has no calendar.
    due = _due(plan, fired, elapse.since_us, recorder) if elapse.unit == plan.timer_unit else None
    if due is None:
        return (Trigger.TIMER, None, 0)
    late = fired - due
    if late <= _LATE_US + int(plan.slack_seconds * 1e6):
        return (Trigger.TIMER, due, late)
    # A fire with an unknown instant is not called late.
    return (Trigger.TIMER, None, 0) if elapse.at_us is None else (Trigger.CATCH_UP, due, late)


def is_served(elapse: Elapse, recorder: Recorder) -> bool:
    """Whether a doubtful elapse already has a run: then this start is by hand.

    The change of a path unit is doubtful if the end of a run may have made it.
    """
    if elapse.certain or elapse.at_us is None:
        return False
    now = time.time_ns() // 1000
    task = recorder.row.task
    if elapse.by_path:
        ended = recorder.ask(lambda store: last_end(store, task, now))
        return ended is not None and abs(elapse.at_us - ended) <= _END_TO_CHANGE_US
    started = recorder.ask(lambda store: last_start_by_timer(store, task, now))
    return started is not None and started >= elapse.at_us


def _due(plan: Plan, fired_us: int, since_us: int | None, recorder: Recorder) -> int | None:
    due = _latest(plan, fired_us)
    if due is None:
        return None
    if plan.spans:
        if recorder.ask(lambda store: has_fired(store, plan.task, due)):
            return None  # that calendar's fire had its run: this one is a span's
        if _was_due_before_the_timer(plan, fired_us, due, since_us):
            return None
    return _first_since_last_start(plan, fired_us, due, recorder)


def _was_due_before_the_timer(plan: Plan, fired_us: int, due: int, since_us: int | None) -> bool:
    """Whether an instant passed before the timer was activated, and is not what it catches up.

    That elapses at once. A timer that was just installed has an instant behind it that nothing was
    to run for, and its first elapse is a span's.
    """
    if since_us is None or due >= since_us:
        return False
    return fired_us - since_us > _AT_ONCE_US + int(plan.slack_seconds * 1e6)


def _first_since_last_start(plan: Plan, fired_us: int, due: int, recorder: Recorder) -> int:
    """Return the due instant where the jitter spans several: the first one after the last start.

    systemd works out the next elapse from the last one, so that one is the fire that was delayed.
    """
    begin = fired_us - int(plan.slack_seconds * 1e6)
    earlier = _latest(plan, due - 1)
    if earlier is None or earlier < begin:
        return due
    started = recorder.ask(lambda store: last_start_by_timer(store, plan.task, fired_us))
    if started is None:
        return due
    found = due
    for _ in range(_MOST_STEPS):
        if earlier is None or earlier < begin or earlier <= started:
            return found
        found, earlier = earlier, _latest(plan, earlier - 1)
    return due


def _latest(plan: Plan, at_us: int) -> int | None:
    """Return the last instant of the plan's calendars at or before an instant."""
    instants = []
    for document in plan.calendars:
        calendar = Calendar.from_json(document)
        with_zone = Zone(calendar.zone)
        try:
            found = previous_at_or_before(calendar, at_us, with_zone.offset_at)
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

"""`once_per`: a task that has succeeded in this hour, day, week ... does not run again in it."""

from __future__ import annotations

import time

from docket.model.period import Period
from docket.runner.due import Zone
from docket.runner.guards import Refusal
from docket.store.rows import successes_since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.runner.record import Recorder

_HOUR_US = 3_600_000_000
# How far back a success of the same period can lie; summer time and late starts are in it.
_REACH_US = {
    Period.HOUR: 3 * _HOUR_US,
    Period.DAY: 50 * _HOUR_US,
    Period.WEEK: 9 * 24 * _HOUR_US,
    Period.MONTH: 33 * 24 * _HOUR_US,
    Period.YEAR: 368 * 24 * _HOUR_US,
}


def refusal_of_second(plan: Plan, recorder: Recorder) -> Refusal | None:
    """Return why a run of the period would be one too many, or None.

    What counts is the instant that a run was due at, or where it began by hand. Where the record
    cannot be asked, the run goes on: the store never stops a job.
    """
    row = recorder.row
    period = Period(plan.once_per)
    own = row.scheduled_for or row.started_at
    since = own - _REACH_US[period]
    successes = recorder.ask(lambda c: successes_since(c, plan.task, since))
    zone = Zone(plan.zone)
    try:
        wanted = stretch(own, period, zone)
        for run_id, instant in successes or ():
            if stretch(instant, period, zone) == wanted:
                reason = f"run {run_id} has succeeded in this {period}, and `once_per` is {period}"
                return Refusal("once_per", reason, run_id)
    finally:
        zone.close()
    return None


def stretch(instant_us: int, period: Period, zone: Zone) -> tuple[int, ...]:
    """Return what is the same for all instants of one period in the zone."""
    seconds = instant_us // 1_000_000
    local = time.gmtime(seconds + zone.offset_at(seconds))
    match period:
        case Period.HOUR:
            # By the instant, so that the hour that comes twice in autumn is two.
            return ((seconds + zone.offset_at(seconds)) // 3600, zone.offset_at(seconds))
        case Period.DAY:
            return (local.tm_year, local.tm_yday)
        case Period.WEEK:
            days = (seconds + zone.offset_at(seconds)) // 86400
            return ((days + 3) // 7,)  # the epoch was a Thursday
        case Period.MONTH:
            return (local.tm_year, local.tm_mon)
        case Period.YEAR:
            return (local.tm_year,)

"""`once_per`: a task that has succeeded in this hour, day, week ... does not run again in it."""

from __future__ import annotations

from docket.model.time.period import REACH_US, Period, stretch
from docket.runner.admission.due import Zone
from docket.runner.admission.guards import Refusal
from docket.store.rows import successes_since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.runner.record.record import Recorder


def refusal_of_second(plan: Plan, recorder: Recorder) -> Refusal | None:
    """Return why a run of the period would be one too many, or None.

    What counts is the instant that a run was due at, or where it began by hand. If the record
    cannot be asked, the run goes on: the store never stops a job.
    """
    row = recorder.row
    period = Period(plan.once_per)
    own = row.scheduled_for or row.started_at
    since = own - REACH_US[period]
    successes = recorder.ask(lambda c: successes_since(c, plan.task, since))
    zone = Zone(plan.zone)
    try:
        wanted = stretch(own, period, zone.offset_at)
        for run_id, instant in successes or ():
            if stretch(instant, period, zone.offset_at) == wanted:
                reason = f"run {run_id} has succeeded in this {period}, and `once_per` is {period}"
                return Refusal("once_per", reason, run_id)
    finally:
        zone.close()
    return None

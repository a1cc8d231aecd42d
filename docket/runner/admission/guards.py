"""The reasons against a start; each refusal becomes a row with its reason."""

from __future__ import annotations

from docket.model.states import RunStatus, Trigger
from docket.runner.attempt.verdict import Verdict
from docket.store.rows import has_succeeded_for, overrides_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import RunRow
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import LoadedPlan
    from docket.runner.record.record import Recorder

GATED = "destructive_refused"
_LEADS = {RunStatus.SKIPPED: "Skipped: ", RunStatus.FAILED: "Not run: "}
_BY_TIMER = (Trigger.TIMER.value, Trigger.CATCH_UP.value)
_BY_ITSELF = (*_BY_TIMER, Trigger.AFTER.value, Trigger.PATH.value)


class Refusal:
    """Why a run does not start; `blocked_by` is the run in the way, if there is one.

    `status` is failed if a dependency did not succeed, and another one if the run was ended
    while it waited.
    """

    __slots__ = ("blocked_by", "error_code", "reason", "status")

    def __init__(
        self,
        error_code: str,
        reason: str,
        blocked_by: str | None = None,
        status: RunStatus = RunStatus.SKIPPED,
    ) -> None:
        self.error_code = error_code
        self.reason = reason
        self.blocked_by = blocked_by
        self.status = status

    def verdict(self) -> Verdict:
        """Return what the run is called."""
        lead = _LEADS.get(self.status, "")
        found = Verdict(self.status, self.error_code, f"{lead}{self.reason}")
        found.details = {"reason": self.reason}
        if self.blocked_by is not None:
            found.details["blocked_by"] = self.blocked_by
        return found


def refusal_before_lock(
    loaded: LoadedPlan, row: RunRow, late_us: int, recorder: Recorder, arguments: Arguments
) -> Refusal | None:
    """Return why the run may not start at all, or None.

    `force` passes every guard but the gate, and never the task's lock.

    The gate is checked here too, and not only by the caller, because only this plan counts: the
    config may have changed since the request.
    """
    plan = loaded.plan
    if arguments.gated:
        refusal = _closed_to_agents(loaded)
        if refusal is not None:
            return refusal
    if arguments.force:
        return None
    if loaded.removed:
        return Refusal("task_removed", "the task is no longer in the configuration")
    if row.trigger == Trigger.DEPENDENCY:
        return _as_dependency(plan)
    refusal = _too_late(plan, row.trigger, late_us / 1e6) if row.trigger in _BY_TIMER else None
    if refusal is None and plan.one_shot and row.scheduled_for is not None:
        refusal = _consumed(plan, row.scheduled_for, recorder)
    if refusal is None and row.trigger in _BY_ITSELF:
        refusal = _ordered(plan, recorder)
    return refusal


def _closed_to_agents(loaded: LoadedPlan) -> Refusal | None:
    """Return why an agent may not run the task; an older plan does not know what is asked now."""
    reason = loaded.plan.closed_to_agents
    if reason:
        return Refusal(GATED, f"the task {reason}, and the caller may not run such a task")
    if loaded.warning is not None:
        reason = "its plan is not that of the present configuration, so nobody knows what it does"
        return Refusal(GATED, f"{reason} now: {loaded.warning}")
    return None


def refusal_of_overlap(plan: Plan, holder: str) -> Refusal:
    """Return why the run may not start beside the one that holds the task's lock."""
    return Refusal("overlap", f"run {holder} of {plan.task} is still running", holder)


def _as_dependency(plan: Plan) -> Refusal | None:
    if plan.needs_systemd:
        needs = "limits, credentials or directives need a unit of its own"
        reason = f"its {needs}, and it would run in another's"
        return Refusal("needs_systemd", reason)
    return None


def _too_late(plan: Plan, trigger: str, late: float) -> Refusal | None:
    """Return why a fire that is `late` by so many seconds does not run any more, or None."""
    if plan.catch_up is True:
        return None
    if plan.catch_up is False:
        if trigger != Trigger.CATCH_UP:
            return None
        return Refusal("too_late", f"it was due {late:.0f} s ago, and catch_up is false")
    if late <= plan.catch_up + plan.slack_seconds:  # the timer itself may be this late
        return None
    return Refusal("too_late", f"it was due {late:.0f} s ago; catch_up allows {plan.catch_up:g} s")


def _ordered(plan: Plan, recorder: Recorder) -> Refusal | None:
    ordered = recorder.ask(lambda connection: overrides_of(connection, plan.task))
    if not ordered:
        return None
    from docket.runner.admission.pauses import order_in_force  # noqa: PLC0415  (rare)

    order = order_in_force(ordered, recorder)
    return None if order is None else Refusal(*order)


def _consumed(plan: Plan, due_us: int, recorder: Recorder) -> Refusal | None:
    done = recorder.ask(lambda connection: has_succeeded_for(connection, plan.task, due_us))
    return Refusal("already_done", "it has succeeded for this instant") if done else None

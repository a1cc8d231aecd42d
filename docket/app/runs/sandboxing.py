"""The plan that one run obeys, in its sandbox; what has none costs nothing."""

from __future__ import annotations

from docket.app.session.session import Session
from docket.model.plan import Plan
from docket.model.states import Trigger


def in_its_sandbox(
    session: Session, plan: Plan, trigger: Trigger, option: str | None, *, dry_run: bool = False
) -> Plan:
    """Return the plan as a run by `trigger` obeys it; `option` asks for a tighter sandbox.

    Raises UsageError, CompileError, and unless it is a dry run DestructiveRefusedError.
    """
    if not (plan.sandbox or plan.policy or option or session.environ.get("DOCKET_SANDBOX")):
        return plan
    from docket.app.runs import confined  # noqa: PLC0415  (few need it)
    from docket.model.task.sandbox import Starter  # noqa: PLC0415  (as above)

    starter = Starter.of(trigger)
    if not dry_run:
        confined.refuse_denied(plan, starter)
    asked = confined.asked_profile(session, option)
    return confined.confined_plan(session, plan, starter, asked)

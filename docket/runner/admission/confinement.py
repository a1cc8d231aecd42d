"""The sandbox that a run really is in, and whether it may run in none or in a looser one."""

from __future__ import annotations

from docket.model.states import Trigger
from docket.runner.admission.guards import GATED, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import RunRow

_PROFILES = ("none", "standard", "strict", "readonly")
_STARTERS = {Trigger.AGENT: "agent", Trigger.MANUAL: "manual", Trigger.ASYNC: "manual"}


def in_force(word: str) -> str:
    """Return the sandbox that our unit was written with; `none` if the kernel says otherwise.

    Each sandbox forbids new privileges, so a process that may gain some is in none.
    """
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            confined = "NoNewPrivs:\t1" in file.read()
    except OSError:
        confined = True
    return word if confined else "none"


def too_loose(plan: Plan, row: RunRow) -> Refusal | None:
    """Return why a run outside of a unit of its own may not go on, or None.

    In its own unit it has what was installed; if the config has changed since, that is drift.
    """
    if row.unit is not None:
        return None
    needed = str(plan.sandbox.get("profile", "none"))
    if row.trigger != Trigger.DEPENDENCY:
        starter = _starter(row)
        floor = plan.policy.get(starter, {}).get("sandbox", "none")
        needed = max(needed, floor, key=_PROFILES.index)
    found = (row.sandbox or "none").partition("+")[0]
    if _PROFILES.index(found) >= _PROFILES.index(needed):
        return None
    where = f"in another's sandbox, {found}" if found != "none" else "in none"
    return Refusal("sandbox", f"it has to run in the sandbox {needed}, and would run {where}")


def denied(plan: Plan, row: RunRow, *, asked_for: bool) -> Refusal | None:
    """Return why whoever starts this run may not run such a task, or None.

    A unit that no timer started (`asked_for` is false) is a run by hand in the row. The policy
    takes it for unattended, because nobody knows what started the unit.
    """
    starter = _starter(row)
    floor = plan.policy.get("unattended", {}).get("destructive")
    if starter == "manual" and not asked_for and floor == "deny":
        starter = "unattended"
    why = plan.denied_to.get(starter)
    if why is None:
        return None
    return Refusal("unattended" if starter == "unattended" else GATED, f"it {why}")


def gates_agents(plan: Plan, row: RunRow) -> bool:
    """Whether the policy lets this run, an agent's, run nothing destructive before it."""
    floor = plan.policy.get("agent", {}).get("destructive")
    return row.trigger == Trigger.AGENT and floor == "deny"


def _starter(row: RunRow) -> str:
    return _STARTERS.get(Trigger(row.trigger), "unattended")

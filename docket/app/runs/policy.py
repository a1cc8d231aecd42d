"""`docket policy`: what would be in force for a run of a task, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import current_plan
from docket.app.catalog.sandboxes import effective
from docket.app.runs.confined import VARIABLE, asked_profile
from docket.app.runs.gate import tree_of, why_refused
from docket.app.session.session import Session
from docket.model.record import Record
from docket.model.states import Trigger
from docket.model.task.sandbox import Policy, Profile, Sandbox, Starter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docket.app.runs.shapes import PolicyDocument
    from docket.model.plan import Plan


class Asker(StrEnum):
    """Who would start the run."""

    TIMER = "timer"
    AGENT = "agent"
    MANUAL = "manual"


class PolicyVerdict(Record):
    """What holds for a run: its sandbox, whether it may be started, and the sentences that say why.

    `decided_by` is what asked for the profile that is in force: task, policy, option, environment.
    """

    task: str
    asker: Asker
    starter: Starter
    sandbox: Sandbox
    allowed: bool
    decided_by: str
    reasons: tuple[str, ...]

    def document(self) -> PolicyDocument:
        """Return the verdict as `docket policy --json` prints it."""
        return {
            "task": self.task,
            "trigger": str(self.asker),
            "starter": str(self.starter),
            "sandbox": self.sandbox.word,
            "allowed": self.allowed,
            "decided_by": self.decided_by,
            "reasons": list(self.reasons),
        }


def policy(session: Session, task: str, asker: Asker, option: str | None = None) -> PolicyVerdict:
    """Return what would be in force for a run of `task`; `option` is a profile that is asked for.

    Raises UsageError and what `current_plan` raises.
    """
    plan = current_plan(session, task)
    starter = Starter.of(Trigger(asker.value))
    by_hand = asker is not Asker.TIMER  # a timer's unit gets no options or variables from us
    asked = asked_profile(session, option) if by_hand else Profile.NONE
    sandbox = effective(plan, starter, asked)
    demands = dict(_demands(session, plan, starter, option if by_hand else None, by_hand=by_hand))
    tightest = max(demands.values(), key=lambda profile: profile.rank)
    decided_by = next(source for source, profile in demands.items() if profile is tightest)
    refusal = _refusal(session, task, starter)
    reasons = [f"The {source} asks for {profile}." for source, profile in demands.items()]
    reasons += [_OF_GRANTS] if Sandbox.from_json(plan.sandbox).word != sandbox.word else []
    return PolicyVerdict(
        task=task,
        asker=asker,
        starter=starter,
        sandbox=sandbox,
        allowed=refusal is None,
        decided_by=decided_by,
        reasons=(*reasons, *([refusal] if refusal else [])),
    )


_OF_GRANTS = "The tightest profile holds; under readonly the task's own grants do not count."


def _demands(
    session: Session, plan: Plan, starter: Starter, option: str | None, *, by_hand: bool
) -> Iterator[tuple[str, Profile]]:
    yield "task", Sandbox.from_json(plan.sandbox).profile
    floor = Policy.from_json(plan.policy).floor(starter)
    if starter in Policy.from_json(plan.policy).floors:
        yield "policy", floor.sandbox
    if option:
        yield "option", Profile(option)
    if by_hand and session.environ.get(VARIABLE):
        yield "environment", Profile(session.environ[VARIABLE])


def _refusal(session: Session, task: str, starter: Starter) -> str | None:
    """Return why the run, or one that it needs first, would not be started; None if it would."""
    for way, plan in tree_of(session, task):
        asked = starter if len(way) == 1 else Starter.UNATTENDED
        why = plan.denied_to.get(asked)
        if why is None and starter is Starter.AGENT and plan.closed_to_agents:
            allowed = "agents may run it only if their server allows that"
            why = f"{plan.closed_to_agents}: {allowed}"
        if why is not None:
            return why_refused(way, why)
    return None

"""A plan as one run obeys it: in the sandbox of the task, the policy, and whoever asks for more."""

from __future__ import annotations

from typing import Any

from docket.app.catalog.sandboxes import confining_properties, effective
from docket.app.runs.refusals import known_word
from docket.app.session.session import Session
from docket.errors import DestructiveRefusedError
from docket.model.plan import Plan
from docket.model.task.sandbox import Profile, Starter

VARIABLE = "DOCKET_SANDBOX"


def asked_profile(session: Session, option: str | None) -> Profile:
    """Return the loosest profile that the option and the variable allow; UsageError."""
    found = Profile.NONE
    for word in (option, session.environ.get(VARIABLE)):
        if word:
            found = found.tightened(known_word("sandbox profile", word, Profile))
    return found


def confined_plan(session: Session, plan: Plan, starter: Starter, asked: Profile) -> Plan:
    """Return the plan with the sandbox of this one run in its unit; as it is if there is none.

    CompileError if the sandbox cannot be had.
    """
    sandbox = effective(plan, starter, asked)
    if not sandbox.confines:
        return plan
    properties = confining_properties(session, plan, sandbox)
    return plan.replace(
        service=[*(_with_word(one, sandbox.word) for one in plan.service), *properties],
        needs_systemd=True,
    )


def refuse_denied(plan: Plan, starter: Starter) -> None:
    """Raise DestructiveRefusedError if the policy keeps `starter` from the task."""
    if starter in plan.denied_to:
        raise DestructiveRefusedError(
            f"Task {plan.task!r} {plan.denied_to[starter]}.",
            hint=f"`policy.{starter}.destructive` in the config says so; a dry run is allowed.",
            task=plan.task,
        )


def _with_word(one: list[Any], word: str) -> list[Any]:
    """Tell `docket exec` which sandbox its unit has; the row says so."""
    name, signature, value = one
    if name != "ExecStartEx":
        return one
    program, argv, flags = value[0]
    return [name, signature, [[program, [*argv, "--sandbox", word], flags]]]

"""A plan as one run obeys it: in the sandbox of the task, the policy, and whoever asks for more."""

from __future__ import annotations

import os
from typing import Any

from docket import __version__
from docket.app.runs.refusals import known_word
from docket.app.session.session import Session
from docket.compiler.bundle import Place
from docket.compiler.service import sandbox_properties
from docket.errors import DestructiveRefusedError
from docket.files import make_directory
from docket.model.plan import Plan
from docket.model.task.sandbox import Policy, Profile, Sandbox, Starter
from docket.paths import exec_command, program_paths

VARIABLE = "DOCKET_SANDBOX"


def asked_profile(session: Session, option: str | None) -> Profile:
    """Return the loosest profile that the option and the variable allow; UsageError."""
    found = Profile.NONE
    for word in (option, session.environ.get(VARIABLE)):
        if word:
            found = found.tightened(known_word("sandbox profile", word, Profile))
    return found


def effective(plan: Plan, starter: Starter, asked: Profile = Profile.NONE) -> Sandbox:
    """Return the sandbox of a run: the task's own, raised by the policy and by who asks."""
    own = Sandbox.from_json(plan.sandbox)
    return own.raised(Policy.from_json(plan.policy).floor(starter).sandbox.tightened(asked))


def confined_plan(session: Session, plan: Plan, starter: Starter, asked: Profile) -> Plan:
    """Return the plan with the sandbox of this one run in its unit; as it is if there is none.

    CompileError if the sandbox cannot be had.
    """
    sandbox = effective(plan, starter, asked)
    if not sandbox.confines:
        return plan
    place = place_of(session, plan)
    paths = session.paths
    made = (os.path.dirname(plan.state_db), plan.log_dir, plan.lock_dir, *paths.read_only_dirs)
    for directory in made if session.keeps else ():
        make_directory(directory)  # a missing one cannot be bound, and the run may not make it
    properties = [list(one) for one in sandbox_properties(sandbox, place, plan.task)]
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


def place_of(session: Session, plan: Plan) -> Place:
    """Return where the plan's units are, as the compiler wants to know it."""
    return Place(
        paths=session.paths,
        instance=plan.instance,
        state_db=plan.state_db,
        log_dir=plan.log_dir,
        exec_words=tuple(exec_command()),
        version=__version__,
        program_paths=program_paths(),
    )


def _with_word(one: list[Any], word: str) -> list[Any]:
    """Tell `docket exec` which sandbox its unit has; the row says so."""
    name, signature, value = one
    if name != "ExecStartEx":
        return one
    program, argv, flags = value[0]
    return [name, signature, [[program, [*argv, "--sandbox", word], flags]]]

"""The sandbox that a run of a plan is in, and what gives it to a transient unit."""

from __future__ import annotations

import os
from typing import Any

from docket import __version__
from docket.app.session.session import Session
from docket.compiler.bundle import Place
from docket.compiler.service import sandbox_properties
from docket.files import make_directory
from docket.model.plan import Plan
from docket.model.task.sandbox import Policy, Profile, Sandbox, Starter
from docket.paths import exec_command, program_paths


def effective(plan: Plan, starter: Starter, asked: Profile = Profile.NONE) -> Sandbox:
    """Return the sandbox of a run: the task's own, raised by the policy and by who asks."""
    own = Sandbox.from_json(plan.sandbox)
    return own.raised(Policy.from_json(plan.policy).floor(starter).sandbox.tightened(asked))


def confining_properties(session: Session, plan: Plan, sandbox: Sandbox) -> list[list[Any]]:
    """Return a sandbox as properties of a transient unit; CompileError if it cannot be had."""
    paths = session.paths
    made = (os.path.dirname(plan.state_db), plan.log_dir, plan.lock_dir, *paths.read_only_dirs)
    for directory in made if session.keeps else ():
        make_directory(directory)  # a missing one cannot be bound, and the run may not make it
    place = place_of_plan(session, plan)
    return [list(one) for one in sandbox_properties(sandbox, place, plan.task)]


def place_of_plan(session: Session, plan: Plan) -> Place:
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

"""The sandbox that a run of a plan is in, and what gives it to a transient unit."""

from __future__ import annotations

import os
from typing import Any

from docket.app.catalog.places import place_of_plan
from docket.app.session.session import Session
from docket.compiler.service import sandbox_properties
from docket.files import make_directory
from docket.model.plan import Plan
from docket.model.task.sandbox import Policy, Profile, Sandbox, Starter
from docket.runfiles import shared_directories


def effective(plan: Plan, starter: Starter, asked: Profile = Profile.NONE) -> Sandbox:
    """Return the sandbox of a run: the task's own, raised by the policy and by who asks."""
    own = Sandbox.from_json(plan.sandbox)
    return own.raised(Policy.from_json(plan.policy).floor(starter).sandbox.tightened(asked))


def confining_properties(session: Session, plan: Plan, sandbox: Sandbox) -> list[list[Any]]:
    """Return a sandbox as properties of a transient unit; CompileError if it cannot be had."""
    paths = session.paths
    shared = shared_directories(plan.state_db, plan.log_dir, plan.lock_dir)
    made = (os.path.dirname(plan.state_db), *shared, *paths.guarded_dirs)
    for directory in made if session.keeps else ():
        make_directory(directory)  # a missing one cannot be bound, and the run may not make it
    place = place_of_plan(paths, plan)
    return [list(one) for one in sandbox_properties(sandbox, place, plan.task)]

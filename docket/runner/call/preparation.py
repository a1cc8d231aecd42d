"""What a confined run cannot do for itself, done by a command of its unit outside of the sandbox.

The directories that are bound into the sandbox are made before it is, the user of the task may pass
through to what is handed over, and the service manager is
asked which timer or path unit started this one.
"""

from __future__ import annotations

import os

from docket.files import make_directory
from docket.runfiles import shared_directories
from docket.runner.call.activation import elapse_of, starters_of
from docket.runner.call.elapsenote import keep_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan


def prepare(plan: Plan, guarded: tuple[str, ...]) -> int:
    """Prepare the start of the plan's unit that this process belongs to; the exit code."""
    shared = shared_directories(plan.state_db, plan.log_dir, plan.lock_dir)
    for directory in (os.path.dirname(plan.state_db), *shared, *guarded):
        make_directory(directory)
    if plan.run_as is not None:
        from docket.runner.record.handover import let_pass  # noqa: PLC0415  (tasks with `user`)

        let_pass(plan.lock_dir)
    elapse = elapse_of(plan.unit, starters_of(plan), plan.lock_dir, system=plan.system)
    answer = (
        None if elapse is None else (elapse.unit, elapse.at_us, elapse.certain, elapse.since_us)
    )
    keep_note(plan.lock_dir, plan.unit, os.environ.get("INVOCATION_ID", ""), answer)
    return 0

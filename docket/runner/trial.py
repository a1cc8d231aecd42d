"""A trial: one attempt with the task's real command, which nothing but `docket try` hears of.

The run goes the very way of every other one. Only its history, its log and its files are in a
directory of its own, which `docket try` reads and removes.
"""

from __future__ import annotations

from docket.errors import AlreadyRunningError
from docket.model.states import Overlap
from docket.runner.record.locks import TaskLock
from docket.runner.run import execute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import LoadedPlan
    from docket.runner.call.signals import StopSignals
    from docket.runner.run import Finished


def execute_trial(arguments: Arguments, loaded: LoadedPlan, stop: StopSignals) -> Finished:
    """Run the task once, without hooks, notifications, retries and dependencies.

    The task's lock is the real one. AlreadyRunningError if a run of the task holds it.
    """
    plan = loaded.plan
    directory = arguments.trial
    assert directory is not None
    if plan.run_as is not None:
        from docket.runner.record.handover import let_pass  # noqa: PLC0415  (tasks with `user`)

        let_pass(plan.lock_dir)
    lock = None
    if plan.overlap != Overlap.ALLOW:
        lock = TaskLock(plan.lock_dir, plan.task)
        if lock.holder is not None:
            raise AlreadyRunningError(f"Task {plan.task!r} is already running ({lock.holder}).")
        lock.name_holder(arguments.run_id or "")
    arguments.force = True  # guards are about the runs that count
    loaded.plan = plan.as_trial(directory)
    try:
        return execute(arguments, loaded, stop)
    finally:
        if lock is not None:
            lock.release()

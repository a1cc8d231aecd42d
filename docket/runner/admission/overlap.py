"""The policies `queue`, `replace` and `allow` for a run whose task is already running."""

from __future__ import annotations

import os
import time

from docket.files import write_volatile
from docket.model import signals
from docket.model.states import Overlap, Trigger
from docket.runfiles import CANCEL, LOCK, run_file
from docket.runner.admission.guards import Refusal
from docket.runner.admission.pendingrun import Obstacle, Waiting
from docket.runner.record.locks import NamedLock, TaskLock, task_lock_path
from docket.store.holders import open_holder

_TRIES = 50
_BETWEEN_TRIES_SECONDS = 0.01


def take_turn(waiting: Waiting) -> tuple[TaskLock | None, Refusal | None]:
    """Take the task's lock as the plan's policy says, or return why the run may not start.

    At most one run queues: the `.next` lock is the only queue slot. OSError if the locks cannot be
    used.
    """
    if waiting.plan.overlap == Overlap.ALLOW:
        return None, None
    replacing = waiting.plan.overlap == Overlap.REPLACE
    if waiting.row.trigger == Trigger.DEPENDENCY and not replacing:
        return _wait_for_lock(waiting, replacing=False)  # if it were skipped, its parent would fail
    place = NamedLock(task_lock_path(waiting.lock_dir, waiting.plan.task) + ".next")
    try:
        refusal = _take_place(place, waiting, replacing=replacing)
        if refusal is not None:
            return None, refusal
        place.name_holder(waiting.row.run_id)
        return _wait_for_lock(waiting, replacing=replacing)
    finally:
        place.release()


def _wait_for_lock(waiting: Waiting, *, replacing: bool) -> tuple[TaskLock | None, Refusal | None]:
    lock = TaskLock(waiting.lock_dir, waiting.plan.task)
    refusal = waiting.until(lambda: _in_the_way(lock, waiting, replacing=replacing))
    if refusal is not None:
        lock.release()
        return None, refusal
    lock.name_holder(waiting.row.run_id)
    return lock, None


def _take_place(place: NamedLock, waiting: Waiting, *, replacing: bool) -> Refusal | None:
    """Take the queue slot; with `replacing`, a run that waits already gives way."""
    if replacing:
        return waiting.until(lambda: _in_the_way(place, waiting, replacing=True))
    # A run that starts at once holds the slot for a moment; a waiting one keeps it.
    for _ in range(_TRIES):
        if place.holder is None or place.take():
            return None
        time.sleep(_BETWEEN_TRIES_SECONDS)
    return Refusal(
        "overlap",
        f"run {place.holder} of {waiting.plan.task} waits already for its turn",
        place.holder,
    )


def _in_the_way(lock: NamedLock, waiting: Waiting, *, replacing: bool) -> Obstacle | None:
    if lock.holder is None or lock.take():
        return None
    asked = not replacing or _ask_to_stop(lock, waiting)
    words = f"run {lock.holder} of {waiting.plan.task}"
    return Obstacle(words, lock.holder, [lock.path], soon=not asked)


def _ask_to_stop(lock: NamedLock, waiting: Waiting) -> bool:
    """Leave a request to cancel for the run that holds the lock, then signal its runner, once.

    The name in the lock's file may be that of the holder before: the run's own lock has to be
    held by the same process. Whether the holder has been asked.
    """
    holder = lock.holder or ""
    if holder in waiting.row.details.get("replaces", ()):
        return True
    found = open_holder(lock.path)
    if found is None:
        return False
    pid, pidfd = found
    try:
        of_run = open_holder(run_file(waiting.lock_dir, holder, LOCK))
        if of_run is not None:
            os.close(of_run[1])
        same = of_run is not None and of_run[0] == pid
        if not same or not _cancel(run_file(waiting.lock_dir, holder, CANCEL), pidfd):
            return False
    finally:
        os.close(pidfd)
    waiting.row.note(replaces=[*waiting.row.details.get("replaces", ()), holder])
    return True


def _cancel(request: str, pidfd: int) -> bool:
    """Ask a runner to end as cancelled; False if it has ended by itself, or cannot be asked."""
    try:
        write_volatile(request, b"")
        signals.pidfd_send_signal(pidfd, signals.SIGTERM)
    except ProcessLookupError:
        os.unlink(request)
        return False
    except OSError:
        return False
    return True

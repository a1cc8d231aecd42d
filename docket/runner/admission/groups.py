"""Groups of tasks of which only so many run at a time."""

from __future__ import annotations

import os

from docket.runner.admission.pendingrun import Obstacle
from docket.runner.record.locks import NamedLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.admission.guards import Refusal
    from docket.runner.admission.pendingrun import Waiting


def take_slot(waiting: Waiting) -> tuple[NamedLock | None, Refusal | None]:
    """Wait for one of the slots of the task's group and take it; OSError if none can be used.

    A slot is a lock, so the kernel frees it with the run that had it.
    """
    plan = waiting.plan
    directory = os.path.join(waiting.lock_dir, "groups")
    paths = [os.path.join(directory, f"{plan.group}.{n}") for n in range(plan.group_slots)]
    taken: list[NamedLock] = []

    def attempt() -> Obstacle | None:
        holders = []
        for path in paths:
            lock = NamedLock(path)
            if lock.holder is None:
                lock.name_holder(waiting.row.run_id)
                taken.append(lock)
                return None
            holders.append(lock.holder)
            lock.release()
        return Obstacle(f"a slot of group {plan.group}", holders[0], paths)

    refusal = waiting.until(attempt)
    return (taken[0] if taken else None), refusal

"""The tasks that start when this one has ended.

A unit of the run's own starts them, by a command of its own after the run (decision 0030). For a
run without one a child of the runner does it: the whole program, which is too large for the runner.
"""

from __future__ import annotations

import os

from docket.paths import exec_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import RunRow


def start_followers(plan: Plan, row: RunRow) -> None:
    """Have the followers of a finished run started, and wait until they are."""
    if row.dry_run or not plan.followers_after(row.status):
        return
    words = [*exec_command(), plan.task, *plan.exec_arguments()]
    words += ["--start-followers", "--run-id", row.run_id]
    streams = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
    try:
        pid = os.posix_spawn(words[0], words, os.environ, file_actions=streams, setsid=True)
        os.waitpid(pid, 0)
    except OSError:
        return  # no process can be started now: the followers are left out

"""Starting the tasks that follow a run which is over.

Whoever closes a run has this done: a command of the run's unit, its runner where it has no unit,
or the reader that found it dead. The row of the follower names the run, and the store takes one
such row only, so that each end starts a follower once (decision 0030).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from docket.app.catalog.planfiles import read_plan
from docket.app.fires.followers import followers
from docket.app.runs.options import RunOptions
from docket.app.runs.start import start
from docket.app.session.session import open_session
from docket.errors import DocketError
from docket.model.states import Trigger
from docket.paths import Paths
from docket.store.owed import began_with_an_agent, ended_runs
from docket.store.spool import merge, spool_directories


def start_followers(paths: Paths, environ: Mapping[str, str], task: str, run_id: str | None) -> int:
    """Start what follows the run, or the runs of this start of a unit; return the exit code.

    A follower that cannot be started keeps no other one from it.
    """
    home = None if paths.system else paths.home
    session = open_session(environ, system=paths.system, home=home, config=paths.config)
    plan = read_plan(session.paths, task)
    if plan is None:
        return 0
    code = 0
    merge(plan.state_db, spool_directories(plan.state_db, plan.lock_dir))
    of_unit = run_id is None or "SERVICE_RESULT" in environ  # what systemd gives to ExecStopPost=
    invocation = environ.get("INVOCATION_ID", "") if of_unit else ""
    for row in ended_runs(plan.state_db, run_id, invocation):
        gated = began_with_an_agent(plan.state_db, row)
        for follower in followers(session, row.task, row.status):
            try:
                options = RunOptions(trigger=Trigger.AFTER, triggered_by=row.run_id, gated=gated)
                start(session, follower, options)
            except DocketError as error:
                sys.stderr.write(
                    f"docket: {follower} does not follow {row.task}: {error.sentence}\n"
                )
                code = 1
    return code

"""The record of a run that never had a plan: a timer fired, and its task could not be compiled."""

from __future__ import annotations

import os

from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.runner.record import Recorder
from docket.runner.run import now_us
from docket.store.rows import RunRow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.errors import DocketError
    from docket.paths import Paths
    from docket.runner.arguments import Arguments


def record_failure(arguments: Arguments, paths: Paths, error: DocketError) -> None:
    """Leave a failed row with the reason, where systemd started us; a person reads the error."""
    invocation = os.environ.get("INVOCATION_ID")
    if invocation is None or "TRIGGER_UNIT" not in os.environ:
        return
    started = now_us()
    row = RunRow(
        run_id=arguments.run_id or make_run_id(started, os.urandom(4)),
        task=arguments.task,
        trigger=Trigger.TIMER.value,
        started_at=started,
        finished_at=started,
        status=RunStatus.FAILED.value,
        error_code=error.code,
        exit_code=1,
        summary=error.sentence,
        details={"hint": error.hint},
        invocation_id=invocation,
        pid=os.getpid(),
    )
    recorder = Recorder(paths.state_db, paths.lock_dir, row, now_us)
    recorder.end()
    recorder.close()

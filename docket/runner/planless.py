"""The record of a run that never had a plan: a unit was started, and its task did not compile."""

from __future__ import annotations

import os

from docket.model.names import boot_timer_of, path_unit_of
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.runner.admission.due import is_served
from docket.runner.call.activation import elapse_of
from docket.runner.call.clock import now_us
from docket.runner.call.environment import own_units
from docket.runner.record.record import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.errors import DocketError
    from docket.paths import Paths
    from docket.runner.call.arguments import Arguments


def record_failure(arguments: Arguments, paths: Paths, error: DocketError) -> None:
    """Leave a failed row with the reason, if systemd started us; a person reads the error."""
    unit = _own_unit(arguments.task)
    if unit is None:
        return
    timer = unit.removesuffix(".service") + ".timer"
    starters = [timer, boot_timer_of(timer), path_unit_of(timer)]
    elapse = elapse_of(unit, starters, paths.lock_dir, system=paths.system)
    started = now_us()
    row = RunRow(
        run_id=arguments.run_id or make_run_id(started, os.urandom(4)),
        task=arguments.task,
        trigger=Trigger.MANUAL.value,
        started_at=started,
        finished_at=started,
        status=RunStatus.FAILED.value,
        error_code=error.code,
        exit_code=1,
        summary=error.sentence,
        details={"hint": error.hint},
        unit=unit,
        invocation_id=os.environ.get("INVOCATION_ID"),
        pid=os.getpid(),
    )
    recorder = Recorder(paths.state_db, paths.lock_dir, row, now_us)
    if elapse is not None and not is_served(elapse, recorder):
        row.trigger = (Trigger.PATH if elapse.by_path else Trigger.TIMER).value
    recorder.end()
    recorder.close()


def _own_unit(task: str) -> str | None:
    """Return the unit of the task that this process runs in, without a plan that names it."""
    ends = (f"docket-{task}.service", f"@{task}.service")
    return next((unit for unit in own_units() if unit.endswith(ends)), None)

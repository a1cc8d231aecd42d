"""A dry run: the task's own preview, or ours; nothing is locked, recorded, hooked or logged."""

from __future__ import annotations

import os
import time

from docket.errors import EnvironmentRefusedError
from docket.model.states import RunStatus
from docket.runner.attempt.attempt import AttemptContext, run_attempt
from docket.runner.attempt.echo import Echo
from docket.runner.attempt.host import Host
from docket.runner.attempt.verdict import Verdict, judge
from docket.runner.call.clock import now_us
from docket.runner.call.environment import (
    account_for,
    add_run,
    task_environment,
)
from docket.runner.run import Finished, mask_for, new_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import RunRow
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import LoadedPlan
    from docket.runner.call.signals import StopSignals


class _NoLog:
    ends_line = True

    def write(self, data: bytes) -> None:
        """Keep no output."""


def dry_run(arguments: Arguments, loaded: LoadedPlan, stop: StopSignals) -> Finished:
    """Preview the task and return the outcome, with no trace anywhere."""
    plan = loaded.plan
    row = new_row(plan, arguments.run_id, arguments.trigger or "manual", now_us())
    row.dry_run = True
    try:
        verdict = _preview(plan, row, stop, quiet=arguments.quiet)
    except EnvironmentRefusedError as error:
        verdict = Verdict(RunStatus.FAILED, error.code, error.sentence)
    row.status = verdict.status.value
    row.error_code = verdict.error_code
    row.summary = verdict.summary
    row.details = verdict.details
    row.exit_code = 2 if verdict.status is RunStatus.SUCCEEDED else 1
    row.finished_at = max(now_us(), row.started_at)
    return Finished(row, [], [loaded.warning] if loaded.warning else [])


def _preview(plan: Plan, row: RunRow, stop: StopSignals, *, quiet: bool) -> Verdict:
    if plan.python is None and not plan.dry_run_argv:
        return _without_running(plan)
    account = account_for(plan)
    environment = task_environment(plan, account, in_unit=False)
    add_run(environment, plan, row, row.params, "/dev/null", account)
    mask = mask_for(plan, environment)
    limit = plan.timeout_seconds
    context = AttemptContext(
        plan=plan,
        environment=environment,
        echo=Echo(-1 if quiet else 1, plan.log_max_bytes),
        log=_NoLog(),
        host=Host(),
        stop=stop,
        run_deadline=None if limit is None else time.monotonic() + limit,
        mask=mask,
        account=account,
        in_unit=False,
    )
    outcome = run_attempt(context, 1, plan.dry_run_argv, dry_run=True)
    argv = plan.dry_run_argv if mask is None else mask.value(plan.dry_run_argv)
    verdict = judge(plan, argv, outcome, stop_signal=stop.received, out_of_memory=False)
    if verdict.status is RunStatus.SUCCEEDED and plan.python is None:
        verdict.summary = verdict.summary.replace("Command completed:", "Dry run completed:", 1)
    verdict.details.setdefault("dry_run_supported", True)
    if mask is not None:
        verdict.summary = mask.text(verdict.summary)
        verdict.details = mask.value(verdict.details)
    return verdict


def _without_running(plan: Plan) -> Verdict:
    argv = _shown(plan)
    verdict = Verdict(RunStatus.SUCCEEDED, None, "Would run: " + " ".join(argv))
    verdict.details = {
        "command": argv,
        "dry_run_supported": False,
        "stdout": "",
        "stderr": "",
    }
    return verdict


def _shown(plan: Plan) -> list[str]:
    """Return the command without the secrets in it."""
    try:
        mask = mask_for(plan, task_environment(plan, None, in_unit=False)) if plan.masks else None
    except EnvironmentRefusedError:
        mask = mask_for(plan, dict(os.environ))
    return plan.argv if mask is None else mask.value(plan.argv)

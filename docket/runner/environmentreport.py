"""`docket exec --environment`: what a run would find in its environment, for no run at all."""

from __future__ import annotations

import os

from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.runner.call.clock import now_us
from docket.runner.call.environment import (
    account_for,
    add_run,
    task_environment,
    variables_of_files,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.model.plan import Plan
    from docket.runner.call.account import Account

_OF_ONE_RUN = frozenset(
    {
        "DOCKET_RUN_ID",
        "DOCKET_TRIGGER",
        "DOCKET_SCHEDULED_FOR",
        "DOCKET_RESULT_FILE",
        "DOCKET_ATTEMPT",
    }
)


def environment_report(plan: Plan) -> dict[str, Any]:
    """Return the variables of a run that a timer starts, as `docket env` reads them.

    This process was started with what its unit gives. A value is None if only a run has one, or
    if it is a credential's. Raises EnvironmentRefusedError as the run would.
    """
    account = account_for(plan)
    values: dict[str, str | None] = {}
    before = task_environment(plan, account, in_unit="INVOCATION_ID" in os.environ)
    values.update(_with_run(plan, account, before))
    values.update(dict.fromkeys([*plan.env_credentials, *_OF_ONE_RUN]))
    own = {} if account is None else account.variables()
    sources = {
        **dict.fromkeys([*os.environ], "inherited"),
        **dict.fromkeys(["PATH"] if not os.environ.get("PATH") else [], "docket"),
        **dict.fromkeys(own, "docket"),
        **_of_files(plan),
        **dict.fromkeys(plan.env, "env"),
        **dict.fromkeys(values.keys() - before.keys(), "docket"),
        **dict.fromkeys(_with_run(plan, account, {}), "docket"),
        **dict.fromkeys(plan.env_credentials, "credential"),
    }
    return {
        "unit": plan.unit,
        "user": None if account is None else account.name,
        "of_one_run": sorted(_OF_ONE_RUN),
        "variables": {name: [values[name], sources[name]] for name in sorted(values)},
    }


def _with_run(plan: Plan, account: Account | None, values: dict[str, str]) -> dict[str, str]:
    """Return `values` with the variables that say which run it is."""
    now = now_us()
    row = RunRow(
        run_id=make_run_id(now, os.urandom(4)), task=plan.task, trigger="timer", started_at=now
    )
    found = dict(values)
    add_run(found, plan, row, None, "", account)
    return found


def _of_files(plan: Plan) -> dict[str, str]:
    """Return the variables of the environment files, with the file that has the last word."""
    return {
        name: f"env_file {path}" for path in plan.env_files for name in variables_of_files([path])
    }

"""`docket health`: how the tasks are doing, in one call."""

from __future__ import annotations

import click

from docket.cli.answer import Answer
from docket.cli.answers import health
from docket.cli.call import Call
from docket.cli.parameters import tasks_argument, verb


@verb("health")
@tasks_argument()
@click.option(
    "--check",
    is_flag=True,
    help="End with 1 if a task is failed, stale or degraded, for monitors.",
)
def command(call: Call, tasks: tuple[str, ...], check: bool) -> Answer:
    """Say how the tasks are doing: healthy, degraded, failed, stale or never run.

    A task is failed after a run that did not succeed, stale if a run was due and there was
    none, and degraded if its last run is good and something is odd about it.
    """
    return health.answer(call, *tasks, check=check)

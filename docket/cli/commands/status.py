"""`docket status`: where tasks and runs stand."""

from __future__ import annotations

import click

from docket.app import status
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import complete_run_ids, task_argument, verb
from docket.cli.render.statuses import run_text, status_text
from docket.errors import UsageError


@verb("status")
@task_argument(required=False)
@click.option(
    "--run-id",
    metavar="RUN_ID",
    shell_complete=complete_run_ids,
    help="Show this one run, with its attempts and hooks.",
)
def command(call: Call, task: str | None, run_id: str | None) -> Answer:
    """Show the last run and the timer of each task, of one TASK, or one run in detail."""
    if run_id is not None:
        detail = status.of_run(call.session(), run_id)
        if task not in (None, detail.run.task):
            raise UsageError(
                f"Run {run_id} is one of {detail.run.task}, not of {task}.",
                hint=f"docket status --run-id {run_id}",
            )
        return Answer(detail.document(), lambda screen: run_text(detail, screen))
    report = status.status(call.session(), task)
    return Answer(
        report.document(), lambda screen: status_text(report, screen), warnings=report.warnings
    )

"""`docket run`: one run by hand, on the very path that the timer takes."""

from __future__ import annotations

import click

from docket.app import running
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.outcome import outcome_text
from docket.paths import exec_command


@verb("run")
@task_argument()
@click.option("--dry-run", is_flag=True, help="Show what would run; nothing is run or recorded.")
@click.option("--force", is_flag=True, help="Run although a guard would skip the run.")
def command(call: Call, task: str, dry_run: bool, force: bool) -> Answer:
    """Run TASK now, in the foreground, and record the run.

    What the task prints is shown as it comes (not with --json). The exit code is 0 for a success,
    1 for a failure, 2 for a completed dry run and 130 for a run that was cancelled by Ctrl-C.
    """
    outcome = running.run(
        call.session(), exec_command(), task, dry_run=dry_run, force=force, echo=not call.json
    )
    return Answer(
        outcome.document(),
        lambda screen: outcome_text(outcome, screen),
        outcome.exit_code,
        outcome.warnings,
    )

"""`docket run`: one run by hand, on the very path that the timer takes."""

from __future__ import annotations

import click

from docket.app import running
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.outcome import outcome_text
from docket.cli.render.receipt import receipt_text
from docket.errors import UsageError
from docket.paths import exec_command


@verb("run")
@task_argument()
@click.option("--dry-run", is_flag=True, help="Show what would run; nothing is run or recorded.")
@click.option("--force", is_flag=True, help="Run although a guard would skip the run.")
@click.option(
    "--async", "background", is_flag=True, help="Start the run, print its receipt and leave it."
)
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="With --async: the same key for the same task returns the first receipt.",
)
def command(
    call: Call,
    task: str,
    dry_run: bool,
    force: bool,
    background: bool,
    idempotency_key: str | None,
) -> Answer:
    """Run TASK now, in the foreground, and record the run.

    What the task prints is shown as it comes (not with --json). The exit code is 0 for a success,
    1 for a failure, 2 for a completed dry run and 130 for a run that was cancelled by Ctrl-C. With
    --async the run goes on in a systemd unit of its own, and 0 says that it was started.
    """
    if background:
        return _in_background(call, task, dry_run, force, idempotency_key)
    if idempotency_key is not None:
        raise UsageError("--idempotency-key needs --async.")
    outcome = running.run(
        call.session(), exec_command(), task, dry_run=dry_run, force=force, echo=not call.json
    )
    return Answer(
        outcome.document(),
        lambda screen: outcome_text(outcome, screen),
        outcome.exit_code,
        outcome.warnings,
    )


def _in_background(
    call: Call, task: str, dry_run: bool, force: bool, idempotency_key: str | None
) -> Answer:
    from docket.app import starting  # noqa: PLC0415  (kept out of runs in the foreground)

    if dry_run:
        raise UsageError("--dry-run and --async exclude each other.", hint="leave one of them out")
    wish = starting.Wish(force=force, idempotency_key=idempotency_key)
    receipt = starting.start(call.session(), task, wish)
    return Answer(
        receipt.document(call.program()),
        lambda screen: receipt_text(receipt, screen),
        warnings=receipt.warnings,
    )

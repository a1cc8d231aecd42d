"""`docket run`: one run by hand, on the very path that the timer takes."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from docket.app.record.runrequests import Launcher
from docket.app.runs import run as running
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.refusals import refuse_in_dry_run
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import KnownWord, named_values, param_option, task_argument, verb
from docket.cli.render.run import outcome_text
from docket.errors import UsageError
from docket.model.runid import make_run_id
from docket.model.states import OutputFormat
from docket.model.task.sandbox import Profile
from docket.paths import exec_command

if TYPE_CHECKING:
    from docket.app.session.session import Session


@verb("run")
@task_argument()
@click.option("--dry-run", is_flag=True, help="Show what would run; nothing is run or recorded.")
@click.option(
    "--force",
    is_flag=True,
    help="Run even if a guard would skip the run. It does not override the lock.",
)
@click.option(
    "--async", "background", is_flag=True, help="Start the run, print its receipt and leave it."
)
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="With --async: the same key for the same task returns the first receipt.",
)
@click.option(
    "--launcher",
    type=KnownWord("launcher", Launcher),
    default="auto",
    metavar="WHICH",
    help="systemd (a unit of its own), direct (a process without a unit), or auto, which takes "
    "systemd if the task needs it and, with --async, if systemd is running.  [default: auto]",
)
@param_option()
@click.option(
    "--sandbox",
    type=KnownWord("sandbox profile", Profile),
    metavar="PROFILE",
    help="Confine the run at least so much: standard, strict or readonly. It never loosens what"
    " the task or the policy says.",
)
def command(
    call: Call,
    task: str,
    dry_run: bool,
    force: bool,
    background: bool,
    idempotency_key: str | None,
    launcher: str,
    params: tuple[str, ...],
    sandbox: str | None,
) -> Answer:
    """Run TASK now, in the foreground, and record the run.

    What the task prints is shown as it comes (not with --json). The exit code is 0 for a success,
    1 for a failure, 2 for a completed dry run and 130 for a run that was cancelled by Ctrl-C. With
    --async the run goes on in a systemd unit of its own, and 0 says that it was started.
    """
    pairs = named_values(params)
    if dry_run:
        refuse_in_dry_run(
            background=background, params=bool(pairs), idempotency_key=idempotency_key is not None
        )
    options = RunOptions(force, idempotency_key, pairs, Launcher(launcher), sandbox=sandbox)
    if background:
        from docket.cli.answers.background import answer_of  # noqa: PLC0415  (as in plain calls)

        return answer_of(call, task, options)
    if idempotency_key is not None:
        raise UsageError("--idempotency-key needs --async.")
    session = call.session()
    run_id = make_run_id(session.now_us(), os.urandom(4))
    with _output(call, session, task, None if dry_run else run_id) as output:
        outcome = running.run(
            session,
            exec_command(),
            task,
            options.replace(run_id=run_id, dry_run=dry_run),
            Attachment(echo=not call.json, output=output),
        )
    return Answer(
        outcome.document(),
        lambda screen: outcome_text(outcome, screen),
        outcome.exit_code,
        outcome.warnings,
    )


def _output(
    call: Call, session: Session, task: str, run_id: str | None
) -> AbstractContextManager[int]:
    """Give where the run's output goes: on a terminal through us, for a bar below it."""
    screen = call.screen()
    if call.json or run_id is None or not screen.terminal or not screen.moves:
        return nullcontext(1)
    from docket.app.catalog.lookup import current_plan  # noqa: PLC0415  (only on terminals)
    from docket.app.runs.liveprogress import shown_on  # noqa: PLC0415  (as above)
    from docket.cli.render.layout.eventbar import EventBar  # noqa: PLC0415  (as above)
    from docket.cli.render.layout.progressbar import ProgressBar  # noqa: PLC0415  (as above)

    bar = ProgressBar(1, screen)
    events = current_plan(session, task).output_format == OutputFormat.JSONL
    return shown_on(EventBar(bar) if events else bar, session, run_id)

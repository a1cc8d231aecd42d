"""`docket why`: why a task ran, failed, or did not run."""

from __future__ import annotations

import click

from docket.app.why.why import why
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import InstantOption, complete_run_ids, task_argument, verb
from docket.cli.render.why import why_text


@verb("why")
@task_argument()
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run_ids)
@click.option(
    "--at",
    type=InstantOption(),
    metavar="INSTANT",
    help="Explain what happened (or did not) then: 2026-11-20 09:00, yesterday 03:00, 2h ago.",
)
def command(call: Call, task: str, run_id: str | None, at: int | None) -> Answer:
    """Say why a task ran, failed, or did not run: on one screen, with what to do.

    Without RUN or --at it explains what happened last, or should have happened.
    """
    found = why(call.session(), task, run_id, at)
    return Answer(found.document(), lambda screen: why_text(found, screen))

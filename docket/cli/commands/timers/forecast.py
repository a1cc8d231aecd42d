"""`docket forecast`: what fires when over the next days."""

from __future__ import annotations

import click

from docket.app.fires.workload import DAYS, MOST_DAYS, workload
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.timers.forecast import workload_text


@verb("forecast")
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DAYS,
    metavar="N",
    help=f"Look N days ahead, up to {MOST_DAYS}.  [default: {DAYS}]",
)
def command(call: Call, days: int) -> Answer:
    """Show what fires over the next days, from the installed timers.

    Runs a day, the minutes in which several tasks start, what changes to and from summer time
    do to which task, and a jitter for each task that would spread the pile-ups, as YAML.
    """
    found = workload(call.session(), days)
    return Answer(
        found.document(), lambda screen: workload_text(found, screen), warnings=found.warnings
    )

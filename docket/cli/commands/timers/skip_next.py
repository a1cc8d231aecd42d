"""`docket skip-next`: the next fire of a timer does not run."""

from __future__ import annotations

import click

from docket.app.fires.pause import skip_next
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import some_tasks_argument, verb
from docket.cli.render.timers.pause import skip_text


@verb("skip-next")
@some_tasks_argument()
@click.option(
    "--count",
    type=click.IntRange(0, 1_000_000),
    default=1,
    metavar="N",
    help="Skip the next N fires; 0 takes it back.  [default: 1]",
)
@click.option("--reason", metavar="TEXT", help="Keep TEXT with each fire that is skipped.")
def command(call: Call, tasks: tuple[str, ...], count: int, reason: str | None) -> Answer:
    """Skip the next fire of the timers of each TASK; it leaves a skipped run.

    Fires of a paused task are not counted. Runs by hand are not held back.
    """
    report = skip_next(call.session(), tasks, count, reason)
    return Answer(report.document(), lambda _screen: skip_text(report))

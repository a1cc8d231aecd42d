"""`docket pause`: the timers of tasks are held back for a while."""

from __future__ import annotations

import click

from docket.app.fires.pause import pause
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import InstantOption, some_tasks_argument, verb
from docket.cli.render.timers.pause import pause_text


@verb("pause")
@some_tasks_argument()
@click.option(
    "--until",
    type=InstantOption(ahead=True),
    metavar="TIME",
    help="Resume by itself then: 2h, tomorrow 06:00, 2026-12-01 08:00.",
)
@click.option("--reason", metavar="TEXT", help="Keep TEXT with each fire that is skipped.")
def command(call: Call, tasks: tuple[str, ...], until: int | None, reason: str | None) -> Answer:
    """Skip every fire of the timers of each TASK, until `docket resume` or the given time.

    The timers themselves go on, and each fire leaves a skipped run. Runs by hand are not held back.
    """
    report = pause(call.session(), tasks, until, reason)
    return Answer(report.document(), lambda _screen: pause_text(report))

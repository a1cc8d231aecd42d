"""`docket wait`: sleep until runs are over."""

from __future__ import annotations

import click

from docket.app.runs import wait as waiting
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import SpanOption, run_ids_argument, verb
from docket.cli.render.run import waited_text
from docket.errors import UsageError


@verb("wait")
@run_ids_argument()
@click.option("--any", "any_of", is_flag=True, help="Wait until one of the runs is over.")
@click.option("--all", "all_of", is_flag=True, help="Wait until all are over; this is the default.")
@click.option(
    "--timeout", type=SpanOption(), metavar="TIME", help="Wait so long at most: 90, 5min, 1h 30min."
)
@click.option(
    "--poll-interval",
    type=float,
    metavar="SECONDS",
    help="Accepted for older scripts; nothing is polled.",
)
def command(
    call: Call,
    run_ids: tuple[str, ...],
    any_of: bool,
    all_of: bool,
    timeout: float | None,
    poll_interval: float | None,
) -> Answer:
    """Wait until the runs are over, their hooks included.

    RUN is an id, a part of it, or a task, for its run under way. The exit code is the run's:
    0, 1, or 130 for one that was cancelled; of several runs, that of the first one named that did
    not end well. It is 1 if the time runs out.
    """
    del poll_interval
    if any_of and all_of:
        raise UsageError("--any and --all exclude each other.", hint="leave one of the two out")
    found = waiting.wait(call.session(), run_ids, any_of=any_of, timeout_seconds=timeout)
    return Answer(found.document(), lambda screen: waited_text(found, screen), found.exit_code)

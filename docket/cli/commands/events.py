"""`docket events`: what a run reported while it ran."""

from __future__ import annotations

import click

from docket.app import history
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import MOST_ROWS, limit_option, run_id_argument, verb
from docket.cli.render.runs import events_text


@verb("events")
@run_id_argument()
@limit_option(500, "events")
@click.option(
    "--after-index",
    type=click.IntRange(0, MOST_ROWS * 1000),
    default=0,
    metavar="N",
    help="Begin after the event of this number.  [default: 0]",
)
def command(call: Call, run_id: str, limit: int, after_index: int) -> Answer:
    """Show the events that a run reported: the JSON lines that its command printed.

    RUN_ID comes from docket runs.
    """
    found = history.events(call.session(), run_id, limit, after_index)
    return Answer(found.document(), lambda screen: events_text(found.events, found.run, screen))

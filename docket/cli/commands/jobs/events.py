"""`docket events`: what a run reported while it ran."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docket.app.history import follow as following
from docket.app.history import history
from docket.app.text.documents import event_document
from docket.app.text.jsonform import compact
from docket.cli.answer import Answer, AnswerStream
from docket.cli.call import Call
from docket.cli.parameters import MOST_ROWS, run_id_argument, verb
from docket.cli.render.runs import event_text, events_text, more_events
from docket.model.records import EventRecord

SHOWN = 500


@verb("events")
@run_id_argument()
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_ROWS),
    metavar="N",
    help=f"Show at most N events.  [default: {SHOWN}; with --follow no limit]",
)
@click.option(
    "--after-index",
    type=click.IntRange(0, MOST_ROWS * 1000),
    default=0,
    metavar="N",
    help="Begin after the event of this number.  [default: 0]",
)
@click.option("--follow", "-f", is_flag=True, help="Keep showing new events until the run is over.")
def command(
    call: Call, run_id: str, limit: int | None, after_index: int, follow: bool
) -> Answer | AnswerStream:
    """Show the events that a run reported: the JSON lines that its command printed.

    RUN is an id, a part of it, or a task, whose newest run it means. With --follow and --json every
    event is one line of its own.
    """
    if follow:
        found = following.follow_events(call.session(), run_id, after_index, limit)
        return AnswerStream(_lines(found, call))
    shown = history.events(call.session(), run_id, limit or SHOWN, after_index)
    return Answer(
        shown.document(),
        lambda screen: events_text(shown, screen),
        warnings=more_events(shown),
    )


def _lines(events: Iterator[EventRecord | None], call: Call) -> Iterator[bytes]:
    screen = call.screen()
    for event in events:
        if event is None:
            yield b""
        elif call.json:
            yield compact(event_document(event)).encode() + b"\n"
        else:
            yield event_text(event, screen).encode(errors="backslashreplace") + b"\n"

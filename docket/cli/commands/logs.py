"""`docket logs`: what a run printed."""

from __future__ import annotations

import sys

import click

from docket.app import logs
from docket.cli.answer import Answer, Stream
from docket.cli.call import Call
from docket.cli.parameters import MOST_ROWS, run_id_argument, verb
from docket.cli.render.plain import lines


@verb("logs")
@run_id_argument()
@click.option(
    "--tail",
    type=click.IntRange(0, MOST_ROWS * 1000),
    metavar="N",
    help="Show the last N lines alone.",
)
@click.option(
    "--source",
    type=click.Choice(("auto", "file", "journal")),
    default="auto",
    help="Where to read: the run's log file, the journal, or whichever has it.  [default: auto]",
)
def command(call: Call, run_id: str, tail: int | None, source: str) -> Answer | Stream:
    """Show what a run printed on standard output and standard error.

    RUN_ID comes from docket runs. Into a pipe or a file the log goes byte for byte; on a
    terminal, control characters are shown instead of obeyed.
    """
    found = logs.read(call.session(), run_id, tail, source)
    if call.json or _on_terminal():
        text = found.content.decode(errors="surrogateescape")
        return Answer(found.document(), lambda _screen: "\n".join(lines(text)))
    return Stream([found.content])


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()

"""`docket logs`: what a run printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from docket.app.history import follow as following
from docket.app.history import history, logs
from docket.app.text.jsonform import compact
from docket.cli.answer import Answer, AnswerStream
from docket.cli.call import Call
from docket.cli.parameters import MOST_ROWS, InstantOption, run_id_argument, verb
from docket.cli.render.layout.plain import lines
from docket.errors import UsageError


@verb("logs")
@run_id_argument()
@click.option(
    "--tail",
    type=click.IntRange(0, MOST_ROWS * 1000),
    metavar="N",
    help="Show only the last N lines.",
)
@click.option(
    "--source",
    type=click.Choice(("auto", "file", "journal")),
    default="auto",
    help="Where to read: the run's log file, the journal, or whichever has it.  [default: auto]",
)
@click.option(
    "--since",
    type=InstantOption(),
    metavar="TIME",
    help="Show what the journal has from then on: 10min ago, today 09:00.",
)
@click.option("--follow", "-f", is_flag=True, help="Keep showing new events until the run is over.")
def command(
    call: Call, run_id: str, tail: int | None, source: str, since: int | None, follow: bool
) -> Answer | AnswerStream:
    """Show what a run printed on standard output and standard error.

    RUN is an id, a part of it, or a task, whose newest run it means. Into a pipe or a file the log
    goes byte for byte; on a terminal, control characters are shown instead of obeyed.
    """
    if follow:
        if since is not None or source == "journal":
            raise UsageError("--follow reads the log file.", hint="leave --since and --source out")
        return AnswerStream(_followed(call, run_id, tail))
    found = logs.read(call.session(), run_id, tail, source, since)
    if call.json or _on_terminal():
        text = found.content.decode(errors="surrogateescape")
        return Answer(found.document(), lambda _screen: "\n".join(lines(text)))
    return AnswerStream([found.content])


def _followed(call: Call, run_id: str, tail: int | None) -> Iterator[bytes]:
    session = call.session()
    run_id = history.run_id_of(session, run_id)
    parts = following.follow_log(session, run_id, tail)
    if not call.json and not _on_terminal():
        return parts
    return map(_as_json if call.json else _as_text, following.pieces(run_id, parts))


def _as_json(piece: following.Piece) -> bytes:
    return compact(piece.document()).encode() + b"\n" if piece.content else b""


def _as_text(piece: following.Piece) -> bytes:
    if not piece.content:
        return b""
    text, newline, _ = piece.content.decode(errors="surrogateescape").partition("\n")
    return ("\n".join(lines(text)) + newline).encode(errors="backslashreplace")


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()

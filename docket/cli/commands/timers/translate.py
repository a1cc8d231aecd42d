"""`docket translate`: a schedule in systemd's words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from docket.app.fires.forecast import translate, translate_batch
from docket.cli.answer import Answer, AnswerStream, said
from docket.cli.call import Call
from docket.cli.parameters import one_expression, verb
from docket.cli.render.layout.plain import exact
from docket.errors import UsageError

_CHUNK = 1 << 16
_LONGEST_KEPT = 1 << 17  # bytes of a line without an end; the answer to it is an error anyway


@verb("translate")
@click.argument("expr", metavar="[EXPR]", nargs=-1)
@click.option("--timezone", metavar="ZONE", help="The zone of EXPR.  [default: the machine's own]")
@click.option(
    "--batch",
    is_flag=True,
    help="Answer JSON lines from standard input: one line out for each line in.",
)
def command(
    call: Call, expr: tuple[str, ...], timezone: str | None, batch: bool
) -> Answer | AnswerStream:
    """Translate a cron expression or macro into the OnCalendar lines of a systemd timer.

    EXPR must be in quotes: docket translate '0 9 * * 1-5' --timezone Europe/Berlin. What has no
    calendar form is printed as its whole directive, such as OnStartupSec=0 for @reboot.

    With --batch each line in is an object like {"id": 1, "expr": "0 9 * * 1-5", "tz": "UTC"}, and
    each line out is {"id", "lines"} or {"id", "error", "error_code", "hint"}, in the same order.
    """
    if batch:
        if expr or timezone is not None:
            raise UsageError(
                "--batch takes its expressions and zones from standard input.",
                hint='echo \'{"id": 1, "expr": "@daily", "tz": "UTC"}\' | docket translate --batch',
            )
        return AnswerStream(_answers(system=call.system))
    if not expr:
        raise UsageError(
            "'docket translate' needs EXPR, or --batch.", hint="docket translate '0 9 * * 1-5'"
        )
    found = translate(one_expression("translate", expr), zone=timezone, system=call.system)
    return Answer(found.document(), said(*map(exact, found.printed())), warnings=found.warnings)


def _answers(*, system: bool) -> Iterator[bytes]:
    """Answer whatever has arrived, then flush, so that a partner who waits is not kept waiting."""
    for chunk in _chunks():
        yield "".join(f"{line}\n" for line in translate_batch(chunk, system=system)).encode()
        yield b""


def _chunks() -> Iterator[list[bytes]]:
    """Yield the whole lines of each piece of standard input; the last may lack its newline."""
    if sys.stdin is None:
        raise UsageError("--batch reads standard input, and that is closed.")
    pending = b""
    while chunk := os.read(sys.stdin.fileno(), _CHUNK):
        *lines, pending = (pending + chunk).split(b"\n")
        pending = pending[:_LONGEST_KEPT]
        if lines:
            yield lines
    if pending:
        yield [pending]

"""`docket db`: checks, copies, exports and repairs of the record of runs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docket.app.doctor import db as database
from docket.app.session.session import Session
from docket.app.text.jsonform import compact
from docket.cli.answer import Answer, AnswerStream
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.db import backup_text, check_text, compact_text, repair_text
from docket.errors import UsageError

_FLUSH_AFTER = 1000


@verb("db")
@click.argument("action", type=click.Choice(["check", "backup", "export", "repair", "compact"]))
@click.argument("file", required=False, type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl"]),
    default="jsonl",
    help="How to export: one JSON object a line.  [default: jsonl]",
)
def command(call: Call, action: str, file: str | None, form: str) -> Answer | AnswerStream:
    """Examine, copy, export, repair or compact the record of runs.

    docket db check examines every page and row. docket db backup FILE copies it while runs go on.
    docket db export prints everything as JSON lines. docket db repair makes a new database of what
    can be read of a damaged one, and keeps the broken file beside it. docket db compact gives the
    room of removed runs back to the disk.
    """
    del form  # it has only one value
    if (file is not None) != (action == "backup"):
        sentence = "needs FILE" if action == "backup" else f"takes no FILE, and got {file!r}"
        raise UsageError(f"'docket db {action}' {sentence}.", hint="docket db backup FILE")
    session = call.session()
    match action:
        case "check":
            checked = database.check(session)
            code = 0 if checked.ok else 1
            return Answer(checked.document(), lambda screen: check_text(checked, screen), code)
        case "backup":
            copied = database.backup(session, file or "")
            return Answer(copied.document(), lambda _screen: backup_text(copied))
        case "repair":
            repaired = database.repair(session)
            return Answer(repaired.document(), lambda screen: repair_text(repaired, screen))
        case "compact":
            compacted = database.compact(session)
            return Answer(compacted.document(), lambda _screen: compact_text(compacted))
        case _:
            return AnswerStream(_lines(session))


def _lines(session: Session) -> Iterator[bytes]:
    for number, record in enumerate(database.export(session), 1):
        yield f"{compact(record)}\n".encode()
        if number % _FLUSH_AFTER == 0:
            yield b""

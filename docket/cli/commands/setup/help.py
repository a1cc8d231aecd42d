"""`docket help`: what --help prints, for those who type it as a command."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from docket.cli.answer import Answer, said
from docket.cli.call import Call
from docket.cli.commandtable import VERBS
from docket.cli.parameters import verb
from docket.cli.selfdescription import help_text


def _complete(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(name) for name in VERBS if name.startswith(incomplete)]


@verb("help")
@click.argument("name", metavar="[COMMAND]", required=False, shell_complete=_complete)
def command(call: Call, name: str | None) -> Answer:
    """Print the help of Docket, or of one COMMAND: the same as --help."""
    del call
    text = help_text(name)
    return Answer({"command": name, "help": text}, said(text))

"""`docket schema`: the exact shape of the config and of every answer."""

from __future__ import annotations

import json

import click
from click.shell_completion import CompletionItem

from docket.app.configuring import schema_text
from docket.app.outputschemas import output_names, output_schema
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.errors import UsageError


def _complete(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    before = ctx.params.get("what") or ()
    names = output_names() if tuple(before) == ("output",) else ["config", "output"]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@verb("schema")
@click.argument("what", metavar="[config | output NAME]", nargs=-1, shell_complete=_complete)
def command(_call: Call, what: tuple[str, ...]) -> Answer:
    """Print the JSON Schema of the config, or of what a command answers with --json.

    docket schema output lists the names of the answers.
    """
    match what:
        case () | ("config",):
            text = schema_text()
        case ("output",):
            names = output_names()
            return Answer(names, lambda _screen: "\n".join(names))
        case ("output", name):
            text = output_schema(name)
        case _:
            raise UsageError(
                f"There is no schema '{' '.join(what)}'.",
                hint="docket schema config, or docket schema output NAME",
            )
    return Answer(json.loads(text), lambda _screen: text)

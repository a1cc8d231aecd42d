"""`docket capabilities`: where an agent begins."""

from __future__ import annotations

import click

from docket.app.status.capabilities import capabilities
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.capabilities import capabilities_text, command_text
from docket.cli.selfdescription import command_detail, forms


@verb("capabilities")
@click.option(
    "--command",
    "name",
    metavar="NAME",
    help="Describe this one command in full: arguments, options, schemas and exit codes.",
)
def command(call: Call, name: str | None) -> Answer:
    """Describe the commands and the tasks, for agents above all.

    With --json this is what an agent reads first: the places, the commands and when to use each,
    and each task with its inputs, outputs and flags.
    """
    if name is not None:
        detail = command_detail(name)
        return Answer(detail.document(), lambda screen: command_text(detail, screen))
    found = capabilities(call.session(), forms())
    return Answer(found.document(), lambda screen: capabilities_text(found, screen))

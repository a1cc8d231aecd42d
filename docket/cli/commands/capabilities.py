"""`docket capabilities`: where an agent begins."""

from __future__ import annotations

from docket.app.capabilities import capabilities
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.description import capabilities_text
from docket.cli.surface import command_line


@verb("capabilities")
def command(call: Call) -> Answer:
    """Describe the commands and every task's contract, for agents above all.

    With --json this is what an agent reads first: the places, the commands with what to use each
    for, and each task with its inputs, outputs and flags.
    """
    found = capabilities(call.session(), command_line())
    return Answer(found.document(), lambda screen: capabilities_text(found, screen))

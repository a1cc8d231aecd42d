"""`docket completion`: the script that teaches a shell to complete docket's words."""

from __future__ import annotations

import click

from docket.app.text.completionfiles import SHELLS, completion_script
from docket.cli.answer import Answer, said
from docket.cli.call import Call
from docket.cli.parameters import verb


@verb("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(_call: Call, shell: str) -> Answer:
    """Print the completion script of a shell: bash, zsh or fish.

    For one session of bash or zsh: eval "$(docket completion bash)". For good: docket setup-shell.
    """
    script = completion_script(shell)
    return Answer({"shell": shell, "script": script}, said(script.rstrip("\n")))

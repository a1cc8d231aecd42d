"""`docket completion`: the script that teaches a shell to complete docket's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from docket.cli.answer import Answer, said
from docket.cli.call import Call
from docket.cli.clickgroup import program
from docket.cli.completion import VARIABLE
from docket.cli.parameters import verb
from docket.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@verb("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(_call: Call, shell: str) -> Answer:
    """Print the completion script of a shell: bash, zsh or fish.

    For bash, for one session: eval "$(docket completion bash)". For good, write it to
    ~/.local/share/bash-completion/completions/docket.
    """
    script = completion_script(shell)
    return Answer({"shell": shell, "script": script}, said(script))


def completion_script(shell: str) -> str:
    """Return the completion script of `shell`; UsageError for one that is not known."""
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"There is no completion for the shell '{shell}'.")
    made = kind(program(), {}, "docket", VARIABLE)
    return str(made.source_template % made.source_vars())

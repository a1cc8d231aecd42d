"""Answering a shell that completes a command line."""

from __future__ import annotations

from click.shell_completion import shell_complete

from docket.cli.call import Call
from docket.cli.clickgroup import program

VARIABLE = "_DOCKET_COMPLETE"


def complete(call: Call) -> int:
    """Print what may come next, as the shell's script asks; anything wrong just yields nothing."""
    instruction = call.environ.get(VARIABLE, "")
    try:
        return shell_complete(program(), {"obj": call}, "docket", VARIABLE, instruction)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  (a shell line has no place for an error)
        return 1

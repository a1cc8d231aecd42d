"""`docket list`: all tasks."""

from __future__ import annotations

from docket.cli.answer import Answer
from docket.cli.answers import list as listing
from docket.cli.call import Call
from docket.cli.parameters import verb


@verb("list")
def command(call: Call) -> Answer:
    """List the tasks of the config and those in Python, with their last run."""
    return listing.answer(call)

"""`docket describe`: the contract of one task."""

from __future__ import annotations

import click

from docket.cli.answer import Answer
from docket.cli.answers import describe
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb


@verb("describe")
@task_argument()
@click.option(
    "--full", is_flag=True, help="Show the whole contract and the config. --json always does."
)
def command(call: Call, task: str, full: bool) -> Answer:
    """Show TASK: its state, what it runs, when, and under which limits; secrets are left out."""
    return describe.answer(call, task, full=full)

"""`docket describe`: the contract of one task."""

from __future__ import annotations

from docket.cli.answer import Answer
from docket.cli.answers import describe
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb


@verb("describe")
@task_argument()
def command(call: Call, task: str) -> Answer:
    """Show TASK: what it runs, when, under which limits, and its config without secrets."""
    return describe.answer(call, task)

"""`docket list`: all tasks."""

from __future__ import annotations

from docket.app.status.list import list_tasks
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.list import tasks_text


@verb("list")
def command(call: Call) -> Answer:
    """List the tasks of the config and those in Python, with their last run."""
    found = list_tasks(call.session())
    return Answer(
        found.document(),
        lambda screen: tasks_text(found, screen),
        found.exit_code,
        found.warnings,
        error=found.error,
    )

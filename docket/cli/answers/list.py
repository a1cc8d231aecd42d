"""The answer of `docket list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status.list import list_tasks
from docket.cli.answer import Answer
from docket.cli.render.list import tasks_text

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer(call: Call) -> Answer:
    """List the tasks."""
    found = list_tasks(call.session())
    return Answer(
        found.document(),
        lambda screen: tasks_text(found, screen),
        found.exit_code,
        found.warnings,
        error=found.error,
    )

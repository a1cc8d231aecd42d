"""`docket describe`: the contract of one task."""

from __future__ import annotations

from docket.app.status.describe import describe
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.describe import description_text


@verb("describe")
@task_argument()
def command(call: Call, task: str) -> Answer:
    """Show TASK: what it runs, when, under which limits, and its config without secrets."""
    found = describe(call.session(), task)
    return Answer(
        found.document(), lambda screen: description_text(found, screen), warnings=found.warnings
    )

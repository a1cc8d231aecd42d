"""`docket runs`: the history."""

from __future__ import annotations

from docket.app import history
from docket.app.lookup import refuse_unsafe_name
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import limit_option, task_argument, verb
from docket.cli.render.runs import runs_text


@verb("runs")
@task_argument(required=False)
@limit_option(20, "runs")
def command(call: Call, task: str | None, limit: int) -> Answer:
    """List past runs, newest first: of one TASK, or of all tasks."""
    if task is not None:
        refuse_unsafe_name(task)
    found = history.runs(call.session(), task, limit)
    return Answer(found.document(), lambda screen: runs_text(found, screen))

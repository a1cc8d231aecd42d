"""`docket advise`: what the record of runs proposes for tasks."""

from __future__ import annotations

from docket.app.tuning.advise import advise
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.tuning.advise import advice_text


@verb("advise")
@task_argument(required=False)
def command(call: Call, task: str | None) -> Answer:
    """Propose limits, catch-up and the next sandbox step for TASK, or for every task.

    Each proposal is a line of YAML with its reason and the runs that it is based on. A task with
    fewer than ten good runs gets none. Nothing is changed.
    """
    found = advise(call.session(), task)
    return Answer(
        found.document(), lambda screen: advice_text(found, screen), warnings=found.warnings
    )

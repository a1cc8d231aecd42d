"""`docket resume`: what `pause` and `skip-next` ordered is taken back."""

from __future__ import annotations

from docket.app.fires.pause import resume
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import some_tasks_argument, verb
from docket.cli.render.timers.pause import resume_text


@verb("resume")
@some_tasks_argument()
def command(call: Call, tasks: tuple[str, ...]) -> Answer:
    """Let the timers of each TASK fire again: the end of `pause` and of `skip-next`.

    What was skipped meanwhile is not made up for.
    """
    report = resume(call.session(), tasks)
    return Answer(report.document(), lambda _screen: resume_text(report))

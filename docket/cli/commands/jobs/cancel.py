"""`docket cancel`: end a run for good."""

from __future__ import annotations

from docket.app.runs import cancel as cancelling
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import run_id_argument, verb
from docket.cli.render.run import cancelled_text


@verb("cancel")
@run_id_argument()
def command(call: Call, run_id: str) -> Answer:
    """Cancel a run that waits, runs, or is between two attempts.

    RUN is an id, a part of it, or a task, for its run under way. Its command gets SIGTERM,
    and all that is left of it SIGKILL after the grace; hooks run with the status cancelled.
    For a run that is over nothing is signalled, and the exit code is 0.
    """
    found = cancelling.cancel(call.session(), run_id)
    return Answer(found.document(), lambda screen: cancelled_text(found, screen))

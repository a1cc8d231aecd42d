"""`docket audit`: who changed what, and when."""

from __future__ import annotations

import click

from docket.app.history.audit import audit
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import InstantOption, complete_task_names, limit_option, verb
from docket.cli.render.audit import audit_text


@verb("audit")
@click.option(
    "--task", metavar="TASK", shell_complete=complete_task_names, help="Show changes of that task."
)
@limit_option(20, "changes")
@click.option(
    "--since", type=InstantOption(), metavar="TIME", help="Show changes made at TIME or later."
)
def command(call: Call, task: str | None, limit: int, since: int | None) -> Answer:
    """List the changes that commands made, newest first: who, when, from what to what.

    TIME is an instant in the words of systemd.time(7): 2026-11-20 09:00, yesterday, 2d ago.
    """
    found = audit(call.session(), task, limit, since)
    return Answer(found.document(), lambda screen: audit_text(found, screen))

"""`docket new-task`: the file of a Python task that works at once, and a test of it."""

from __future__ import annotations

import click

from docket.app.editing.new_task import new_task
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.new_task import new_task_text


@verb("new-task")
@click.argument("name", metavar="NAME")
@click.option("--description", metavar="TEXT", help="Say in one line what the task does.")
@click.option("--force", is_flag=True, help="Write over a task file of that name.")
def command(call: Call, name: str, description: str | None, force: bool) -> Answer:
    """Write a new Python task called NAME, with a test beside it, to the tasks directory.

    NAME is made of lowercase letters, digits and hyphens. The task runs as it is: edit it from
    there.
    """
    made = new_task(call.session(), name, description, force=force)
    return Answer(
        made.document(call.program()),
        lambda screen: new_task_text(made, screen),
        warnings=made.warnings,
    )

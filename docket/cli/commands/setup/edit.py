"""`docket edit`: the file that a task is in, in an editor."""

from __future__ import annotations

import click

from docket.app.editing.parts import edit_task
from docket.app.install import install
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.editor import edit, offer_again
from docket.cli.parameters import task_argument, verb
from docket.cli.render.check import configured_text


@verb("edit")
@task_argument()
@click.option("--install", "now", is_flag=True, help="Also install it, and start its timer.")
def command(call: Call, task: str, now: bool) -> Answer:
    """Open the file that TASK is in in your editor (VISUAL, else EDITOR, else vi).

    What you save is checked first: only a valid text takes the place of the file, and a bad one
    can be edited again or is kept beside it.
    """
    session = call.session()
    report = edit_task(session, task, lambda path: edit(path, call.environ), offer_again(call))
    document = report.document()
    if now and report.saved:
        done = install.apply(session, install.preview(session, [task]), start_timers=True)
        document["ok"] = document["ok"] and done.ok
    return Answer(
        document,
        lambda screen: configured_text(report, screen),
        exit_code=0 if document["ok"] else 1,
    )

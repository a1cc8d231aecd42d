"""`docket remove`: the file of a task that `docket add` wrote."""

from __future__ import annotations

from contextlib import suppress

import click

from docket.app.editing.parts import remove_task
from docket.app.install.removal import uninstall
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.editing import task_removed_text
from docket.errors import UnknownTaskError


@verb("remove")
@task_argument()
@click.option("--install", "now", is_flag=True, help="Also stop its timer and remove its units.")
def command(call: Call, task: str, now: bool) -> Answer:
    """Remove TASK with its file below conf.d, if it is the only thing in that file.

    A file with comments is kept under another name. Its history stays.
    """
    session = call.session()
    removed = remove_task(session, task)
    document = removed.document()
    report = None
    if now:
        with suppress(UnknownTaskError):  # it had no units
            report = uninstall(session, [task])
        document["installed"] = report is not None and not report.ok
    return Answer(
        document,
        lambda screen: task_removed_text(removed, screen, uninstalled=now),
        exit_code=0 if report is None or report.ok else 1,
        problems=() if report is None else report.problems,
    )

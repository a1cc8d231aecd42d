"""`docket notify test`: a message through every channel of a task."""

from __future__ import annotations

import click

from docket.app.runs.notifytest import notify_test
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.notify import test_text
from docket.paths import exec_command


@verb("notify")
@click.argument("action", type=click.Choice(["test"]))
@task_argument()
@click.option("--channel", metavar="NAME", help="Test only this channel, such as discord.")
def command(call: Call, action: str, task: str, channel: str | None) -> Answer:
    """Send a test message through every channel of TASK, and show the outcome of each.

    It is sent by the same code as for a run, with the task's environment files and the variables
    of this shell. The exit code is 1 if one channel failed. Nothing is recorded.
    """
    del action  # it has only one value
    tested = notify_test(call.session(), exec_command(), task, channel)
    return Answer(
        tested.document(),
        lambda screen: test_text(tested, screen),
        0 if tested.ok else 1,
        tested.warnings,
    )

"""`docket try`: one run in a sandbox, and what broke in it."""

from __future__ import annotations

import click

from docket.app.runs.options import Attachment, RunOptions
from docket.app.tuning.trying import trial
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import KnownWord, named_values, param_option, task_argument, verb
from docket.cli.render.tuning.trying import trial_text
from docket.model.task.sandbox import Profile


@verb("try")
@task_argument()
@click.option(
    "--sandbox",
    type=KnownWord("sandbox profile", Profile),
    metavar="PROFILE",
    help="Confine the run at least so much: standard, strict or readonly.  [default: the task's"
    " own]",
)
@param_option()
def command(call: Call, task: str, sandbox: str | None, params: tuple[str, ...]) -> Answer:
    """Run TASK once in a sandbox, and say what broke and which keys would allow it.

    The command really runs, in a systemd unit of its own. Hooks, notifications, retries and
    `depends_on` do not, and the history does not hold it. What the task prints is shown as it
    comes (not with --json). The exit code is 0 for a success, 1 for a failure and 130 after Ctrl-C.
    """
    options = RunOptions(params=named_values(params), sandbox=sandbox)
    found = trial(call.session(), task, options, Attachment(echo=not call.json))
    return Answer(
        found.document(), lambda screen: trial_text(found, screen), found.exit_code, found.warnings
    )

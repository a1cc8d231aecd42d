"""`docket policy`: what would be in force for a run."""

from __future__ import annotations

import click

from docket.app.runs.policy import Asker, policy
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import KnownWord, task_argument, verb
from docket.cli.render.describe import policy_text
from docket.model.task.sandbox import Profile


@verb("policy")
@task_argument()
@click.option(
    "--trigger",
    "asker",
    type=KnownWord("trigger", Asker),
    default="manual",
    metavar="WHO",
    help="Who would start the run: timer, agent or manual.  [default: manual]",
)
@click.option(
    "--sandbox",
    type=KnownWord("sandbox profile", Profile),
    metavar="PROFILE",
    help="As if the run were asked for with this option.",
)
def command(call: Call, task: str, asker: Asker, sandbox: str | None) -> Answer:
    """Say which sandbox a run of TASK would get, whether it would be started, and why.

    The config's `policy` sets floors by who starts a run; the task, the option --sandbox of
    `docket run` and DOCKET_SANDBOX can only tighten them.
    """
    found = policy(call.session(), task, asker, sandbox)
    return Answer(found.document(), lambda screen: policy_text(found, screen))

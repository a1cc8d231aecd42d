"""`docket env`: the environment that the unit of a task gives to its command."""

from __future__ import annotations

import click

from docket.app.runs.env import environment
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import task_argument, verb
from docket.cli.render.env import difference_text, environment_text
from docket.paths import exec_command


@verb("env")
@task_argument()
@click.option(
    "--diff", is_flag=True, help="Show only how it differs from the environment of this command."
)
def command(call: Call, task: str, *, diff: bool) -> Answer:
    """Show the environment that a run of TASK gets when its timer starts it.

    Each variable has its source: the service manager, the unit, Docket, or the task's env,
    env_file and credentials. Values of secrets are shown as ***. Nothing is run.
    """
    found = environment(call.session(), exec_command(), task)
    text = difference_text if diff else environment_text
    return Answer(found.document(), lambda screen: text(found, screen), warnings=found.warnings)

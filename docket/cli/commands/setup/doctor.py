"""`docket doctor`: whether everything is in place."""

from __future__ import annotations

import click

from docket.app.doctor.doctor import examine, examine_for_agents
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.doctor import agent_examination_text, examination_text


@verb("doctor")
@click.option(
    "--agent",
    is_flag=True,
    help="Examine each task too: its program, remote, variables, timer and last runs.",
)
def command(call: Call, agent: bool) -> Answer:
    """Examine the installation: config, store, service manager, timers, journal, programs.

    The exit code is 1 if a check failed; a remark is not a failure.
    """
    if agent:
        deep = examine_for_agents(call.session())
        return Answer(
            deep.document(), lambda screen: agent_examination_text(deep, screen), deep.exit_code
        )
    found = examine(call.session())
    return Answer(found.document(), lambda screen: examination_text(found, screen), found.exit_code)

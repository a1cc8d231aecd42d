"""`docket disable`: timers are switched; units and config stay as they are."""

from __future__ import annotations

import click

from docket.app.install.removal import disable
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import require_names_or_all, tasks_argument, verb
from docket.cli.render.timers.install import switch_text


@verb("disable")
@tasks_argument()
@click.option("--all", "everything", is_flag=True, help="Take the timers of all tasks.")
def command(call: Call, tasks: tuple[str, ...], everything: bool) -> Answer:
    """Stop the installed timers of each TASK and disable them.

    A run that is under way goes on to its end.
    """
    require_names_or_all("disable", tasks, everything=everything)
    report = disable(call.session(), tasks)
    return Answer(report.document(), lambda _screen: switch_text(report, "Stopped and disabled"))

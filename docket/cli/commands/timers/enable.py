"""`docket enable`: timers are switched; units and config stay as they are."""

from __future__ import annotations

import click

from docket.app.install.removal import enable
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import require_names_or_all, tasks_argument, verb
from docket.cli.render.timers.install import switch_text


@verb("enable")
@tasks_argument()
@click.option("--all", "everything", is_flag=True, help="Take the timers of all tasks.")
def command(call: Call, tasks: tuple[str, ...], everything: bool) -> Answer:
    """Enable the installed timers of each TASK and start them.

    No task is started, and fires that came while a timer was off are not made up for.
    """
    require_names_or_all("enable", tasks, everything=everything)
    report = enable(call.session(), tasks)
    return Answer(report.document(), lambda _screen: switch_text(report, "Enabled and started"))

"""`docket uninstall`: timers and units go, history and logs stay."""

from __future__ import annotations

import click

from docket.app.install.removal import uninstall
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import require_names_or_all, tasks_argument, verb
from docket.cli.render.timers.install import removal_text


@verb("uninstall")
@tasks_argument()
@click.option("--all", "everything", is_flag=True, help="Remove the units of all tasks.")
@click.option("--force", is_flag=True, help="Remove unit files that were edited by hand too.")
def command(call: Call, tasks: tuple[str, ...], everything: bool, force: bool) -> Answer:
    """Stop and disable the timers of each TASK and remove its units.

    The config, the history and the logs stay.
    """
    require_names_or_all("uninstall", tasks, everything=everything)
    report = uninstall(call.session(), tasks, everything=everything, force=force)
    return Answer(
        report.document(),
        lambda screen: removal_text(report, screen),
        exit_code=0 if report.ok else 1,
        warnings=report.warnings,
        problems=report.problems,
    )

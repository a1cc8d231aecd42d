"""`docket runs`: the history."""

from __future__ import annotations

import click

from docket.app.history import history
from docket.cli.answer import Answer
from docket.cli.answers import runs
from docket.cli.call import Call
from docket.cli.parameters import (
    InstantOption,
    KnownWord,
    complete_run_ids,
    limit_option,
    task_argument,
    verb,
)
from docket.model.states import RunStatus, Trigger


@verb("runs")
@task_argument(required=False)
@limit_option(runs.LIMIT, "runs")
@click.option(
    "--status",
    "statuses",
    type=KnownWord("status", RunStatus),
    multiple=True,
    metavar="STATUS",
    help="Show only runs of that status; may be given several times.",
)
@click.option(
    "--trigger",
    "triggers",
    type=KnownWord("trigger", Trigger),
    multiple=True,
    metavar="TRIGGER",
    help="Show runs that this started; may be given several times.",
)
@click.option(
    "--since", type=InstantOption(), metavar="TIME", help="Show runs that began at TIME or later."
)
@click.option(
    "--until", type=InstantOption(), metavar="TIME", help="Show runs that began before then."
)
@click.option(
    "--cursor",
    metavar="RUN",
    shell_complete=complete_run_ids,
    help="Show the runs older than that one: the last that was shown.",
)
def command(
    call: Call,
    task: str | None,
    limit: int,
    statuses: tuple[str, ...],
    triggers: tuple[str, ...],
    since: int | None,
    until: int | None,
    cursor: str | None,
) -> Answer:
    """List past runs, newest first: of one TASK, or of all tasks.

    TIME is an instant in the words of systemd.time(7): 2026-11-20 09:00, yesterday, 2d ago.
    """
    wanted = history.Selection(
        statuses=tuple(map(RunStatus, statuses)),
        triggers=tuple(map(Trigger, triggers)),
        since_us=since,
        until_us=until,
        older_than=cursor,
    )
    return runs.answer(call, task, limit, wanted)

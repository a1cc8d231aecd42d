"""`docket add`: a command task in a file of its own below `conf.d`."""

from __future__ import annotations

import click

from docket.app.editing.parts import add_task
from docket.app.install import install
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.editing import added_text


@verb("add")
@click.argument("name", metavar="NAME")
@click.argument("command", nargs=-1, required=True)
@click.option("--schedule", metavar="EXPR", help="When it runs: a cron expression, @daily ...")
@click.option("--timezone", metavar="ZONE", help="The zone of the schedule.")
@click.option("--timeout", metavar="SPAN", help="The longest time of a run: 90s, 2h.")
@click.option("--retry", type=click.IntRange(min=0), help="How many retries follow a failure.")
@click.option("--description", metavar="TEXT", help="Say in one line what the task does.")
@click.option("--cwd", metavar="DIR", help="The directory that it runs in.")
@click.option("--user", metavar="USER", help="The user it runs as, in the system scope.")
@click.option("--install", "now", is_flag=True, help="Also install it, and start its timer.")
def command(call: Call, name: str, command: tuple[str, ...], now: bool, **keys: object) -> Answer:
    """Add the task NAME that runs COMMAND, in a file of its own: conf.d/NAME.yaml.

    Write -- before COMMAND if it has options. Nothing is written if the task would have a
    mistake. The config stays as it is, and its `defaults` hold for the task.
    """
    session = call.session()
    entry: dict[str, object] = {"type": "command", "command": list(command)}
    entry |= {key: value for key, value in keys.items() if value is not None}
    added = add_task(session, name, entry)
    document = added.document()
    report = None
    if now:
        plan = install.preview(session, [name])
        report = install.apply(session, plan, start_timers=True)
        document["installed"] = report.ok
    return Answer(
        document,
        lambda screen: added_text(added, report, screen),
        exit_code=0 if report is None or report.ok else 1,
        warnings=added.warnings,
        problems=() if report is None else report.problems,
    )

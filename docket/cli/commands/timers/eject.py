"""`docket eject`: tasks as plain units that need no Docket."""

from __future__ import annotations

import click

from docket.app.install import eject as ejecting
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import some_tasks_argument, verb
from docket.cli.render.timers.eject import eject_text
from docket.errors import UsageError


@verb("eject")
@some_tasks_argument()
@click.option("--output-dir", metavar="DIR", help="Write the units to DIR and leave systemd alone.")
@click.option(
    "--in-place",
    is_flag=True,
    help="Let them take the place of Docket's units.",
)
@click.option("--prefix", metavar="WORD", default="", help="A word before the units' names.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(
    call: Call,
    tasks: tuple[str, ...],
    output_dir: str | None,
    in_place: bool,
    prefix: str,
    force: bool,
) -> Answer:
    """Turn each TASK into plain systemd units that run its command and know nothing of Docket.

    They are printed, with a header that lists what they no longer do. --output-dir writes them to a
    directory. --in-place lets them take over: the new timer is on if the old one was.
    """
    if in_place and output_dir is not None:
        raise UsageError("--output-dir and --in-place exclude each other.")
    if output_dir == "":
        raise UsageError("--output-dir needs a directory, and got an empty one.")
    session = call.session()
    if in_place:
        report = ejecting.replace_installed(session, tasks, prefix, force=force)
    elif output_dir is not None:
        report = ejecting.write_to(session, output_dir, tasks, prefix, force=force)
    else:
        report = ejecting.preview(session, tasks, prefix, force=force)
    return Answer(
        report.document(),
        lambda screen: eject_text(report, screen),
        exit_code=0 if report.ok else 1,
        warnings=report.warnings,
        problems=report.problems,
    )

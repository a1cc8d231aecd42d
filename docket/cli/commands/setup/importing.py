"""`docket import`: jobs that other programs run today, as tasks for review."""

from __future__ import annotations

import sys

import click

from docket.app.crontab.importing import MOST_YEARS, import_crontabs
from docket.app.crontab.writing import append_import, write_import
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.importing import import_text
from docket.errors import UsageError


@verb("import")
@click.argument("what", metavar="crontab", type=click.Choice(["crontab"]))
@click.argument("files", metavar="[FILE | -]...", nargs=-1, type=click.Path())
@click.option(
    "--user-field/--no-user-field",
    default=None,
    help="Whether each line names a user before the command.  [default: by the path, as "
    "/etc/cron.d]",
)
@click.option(
    "--years",
    type=click.IntRange(1, MOST_YEARS),
    default=5,
    metavar="N",
    help="Compare the fires with cron's over N years.  [default: 5]",
)
@click.option(
    "--output", metavar="FILE", help="Write the YAML to FILE.  [default: standard output]"
)
@click.option("--append", is_flag=True, help="Put the tasks into the config.")
@click.option("--force", is_flag=True, help="Replace the file that --output names.")
def command(
    call: Call,
    what: str,
    files: tuple[str, ...],
    user_field: bool | None,
    years: int,
    output: str | None,
    append: bool,
    force: bool,
) -> Answer:
    """Turn crontabs into tasks, as YAML for review, with a proof that they fire as cron does.

    Without FILE it is your own crontab. A directory such as /etc/cron.d means its files, and
    `-` for standard input. --append puts the tasks into the config, whose other lines stay as they
    are. Nothing is installed, and no crontab is changed. The exit code is 1 if a line could not
    be carried over or does not fire alike; the others are good anyway.
    """
    del what  # it has only one value
    if force and output is None:
        raise UsageError("--force is for the file that --output names.")
    if output == "":
        raise UsageError("--output needs a file, and got an empty name.")
    if append and output is not None:
        raise UsageError("--append writes into the config, so it excludes --output.")
    session = call.session()
    found = import_crontabs(
        session, files, user_field=user_field, years=years, read_stdin=_read_stdin
    )
    if output is not None:
        found = write_import(session, found, output, force=force)
    elif append:
        found = append_import(session, found)
    return Answer(
        found.document(),
        lambda screen: import_text(found, screen),
        exit_code=0 if found.ok else 1,
        warnings=found.warnings,
        problems=found.problems,
    )


def _read_stdin(most: int) -> bytes:
    if sys.stdin is None:
        raise UsageError("`-` reads standard input, and that is closed.")
    return sys.stdin.buffer.read(most)

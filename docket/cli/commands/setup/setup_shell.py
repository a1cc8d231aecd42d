"""`docket setup-shell`: completion and manual pages for the shells of one user."""

from __future__ import annotations

import click

from docket.app.editing.shellfiles import installed_shells, places_of, set_up, take_away
from docket.app.text.completionfiles import SHELLS
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.editing import shell_setup_text
from docket.errors import UsageError


@verb("setup-shell")
@click.argument("shells", metavar="[SHELL]...", nargs=-1, type=click.Choice(SHELLS))
@click.option("--remove", is_flag=True, help="Remove the files that it wrote.")
def command(call: Call, shells: tuple[str, ...], remove: bool) -> Answer:
    """Install the completion of shells, and the manual pages, for this user.

    SHELL is bash, zsh or fish; without one, those that this machine has. A file that it did not
    write is left as it is. With --system everybody on this machine gets them.
    """
    if remove and shells:
        raise UsageError("SHELL and --remove exclude each other.", hint="leave one of the two out")
    places = places_of(call.environ, call.paths().user_home, system=call.system)
    chosen = shells or installed_shells(call.environ)
    done = take_away(places) if remove else set_up(places, chosen, call.environ)
    return Answer(
        done.document(), lambda screen: shell_setup_text(done, screen), 0 if done.ok else 1
    )

"""`docket secret`: secrets for tasks, in files of the caller's own."""

from __future__ import annotations

import getpass
import sys

import click

from docket.app.editing import secret as secrets
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.editing import secret_removed_text, secrets_text, set_text
from docket.errors import UsageError


@verb("secret")
@click.argument("action", type=click.Choice(["set", "list", "remove"]))
@click.argument("name", required=False)
@click.option("--encrypt", is_flag=True, help="set: have systemd-creds encrypt it.")
@click.option("--force", is_flag=True, help="remove: even if a task names it.")
def command(call: Call, action: str, name: str | None, encrypt: bool, force: bool) -> Answer:
    """Keep secrets for tasks: docket secret set NAME, list, or remove NAME.

    The value is read from standard input, or asked for on a terminal. It is kept in a file of mode
    0600 beside the config, and a task gets it by `credentials: {NAME: {secret: NAME}}`. No command
    shows a value.
    """
    if (name is None) != (action == "list"):
        sentence = "takes no NAME" if action == "list" else "needs NAME"
        raise UsageError(f"'docket secret {action}' {sentence}.", hint="docket secret set NAME")
    session = call.session()
    match action:
        case "set":
            done = secrets.set_secret(session, name or "", _value(name or ""), encrypt=encrypt)
            return Answer(done.document(), lambda screen: set_text(done, screen))
        case "remove":
            removed = secrets.remove_secret(session, name or "", force=force)
            return Answer(removed.document(), lambda screen: secret_removed_text(removed, screen))
        case _:
            found = secrets.list_secrets(session)
            return Answer(
                [one.document() for one in found], lambda screen: secrets_text(found, screen)
            )


def _value(name: str) -> bytes:
    """Return what standard input gives, one byte more than is allowed at most."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Value of {name}: ").encode("utf-8", "surrogateescape")
    return sys.stdin.buffer.read(secrets.LARGEST_BYTES + 1)

"""`docket configure`: the config in an editor; a bad save never becomes the config."""

from __future__ import annotations

from docket.app.editing.configure import configure
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.editor import edit, offer_again
from docket.cli.parameters import verb
from docket.cli.render.check import configured_text


@verb("configure")
def command(call: Call) -> Answer:
    """Open the config in your editor (VISUAL, else EDITOR, else vi).

    The config is made if there is none. What you save is checked first: only a valid text
    takes the place of the config, and a bad one can be edited again or is kept beside it.
    """
    session = call.session()
    report = configure(session, lambda path: edit(path, call.environ), offer_again(call))
    document = report.document()
    return Answer(
        document,
        lambda screen: configured_text(report, screen),
        exit_code=0 if document["ok"] else 1,
    )

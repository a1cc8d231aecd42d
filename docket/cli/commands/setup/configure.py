"""`docket configure`: the config in an editor; a bad save never becomes the config."""

from __future__ import annotations

import sys
import time

from docket.app.editing.configure import CheckReport, configure
from docket.cli import streams
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.editor import ask, edit
from docket.cli.parameters import verb
from docket.cli.render.check import configured_text, findings
from docket.cli.render.layout.screen import screen_of


@verb("configure")
def command(call: Call) -> Answer:
    """Open the config in your editor (VISUAL, else EDITOR, else vi).

    The config is made if there is none. What you save is checked first: only a valid text
    takes the place of the config, and a bad one can be edited again or is kept beside it.
    """
    session = call.session()

    def again(report: CheckReport) -> bool:
        if call.json:
            return False
        screen = screen_of(sys.stderr, call.environ, time.time_ns() // 1000)
        streams.complain("\n".join(findings(report, screen)))
        return ask("Re-edit to fix? [Y/n]")

    report = configure(session, lambda path: edit(path, call.environ), again)
    document = report.document()
    return Answer(
        document,
        lambda screen: configured_text(report, screen),
        exit_code=0 if document["ok"] else 1,
    )

"""`docket check`: every mistake of the config, each with its place."""

from __future__ import annotations

from docket.app.editing.configure import check
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.check import check_text


@verb("check")
def command(call: Call) -> Answer:
    """Check the config and compile every task, and list every mistake with its place.

    Nothing is changed. The exit code is 1 if there is a mistake; a warning does not count.
    """
    report = check(call.session())
    return Answer(
        report.document(),
        lambda screen: check_text(report, screen),
        exit_code=0 if report.ok else 1,
    )

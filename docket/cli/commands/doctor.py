"""`docket doctor`: whether everything is in place."""

from __future__ import annotations

from docket.app.doctor import examine
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.examination import examination_text


@verb("doctor")
def command(call: Call) -> Answer:
    """Examine the installation: config, store, service manager, timers, journal, programs.

    The exit code is 1 where a check failed; a remark alone does not count as a failure.
    """
    found = examine(call.session())
    return Answer(found.document(), lambda screen: examination_text(found, screen), found.exit_code)

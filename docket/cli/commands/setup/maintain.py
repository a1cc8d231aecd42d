"""`docket maintain`: what the maintenance timer runs."""

from __future__ import annotations

from docket.app.fires.maintain import maintain
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import verb
from docket.cli.render.maintain import upkeep_text


@verb("maintain")
def command(call: Call) -> Answer:
    """Bring the record of runs up to date and remove what `retention` does not keep.

    docket-maintenance.timer does this every hour; by hand it is never needed.
    """
    done = maintain(call.session())
    return Answer(done.document(), lambda _screen: upkeep_text(done), 0 if done.ok else 1)

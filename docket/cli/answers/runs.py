"""The answer of `docket runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.history import history
from docket.cli.answer import Answer
from docket.cli.render.runs import runs_text

if TYPE_CHECKING:
    from docket.cli.call import Call

LIMIT = 20


def answer(
    call: Call,
    task: str | None = None,
    limit: int = LIMIT,
    wanted: history.Selection | None = None,
) -> Answer:
    """List past runs, newest first: of one task, or of all."""
    found = history.runs(call.session(), task, limit, wanted or history.Selection())
    return Answer(found.document(), lambda screen: runs_text(found, screen))

"""The answer of `docket describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status.describe import describe
from docket.cli.answer import Answer
from docket.cli.render.describe import description_text

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer(call: Call, task: str, *, full: bool = False) -> Answer:
    """Show the contract of one task."""
    found = describe(call.session(), task)
    return Answer(
        found.document(),
        lambda screen: description_text(found, screen, full=full),
        warnings=found.warnings,
    )

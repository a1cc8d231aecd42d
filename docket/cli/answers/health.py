"""The answer of `docket health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status.health import health
from docket.cli.answer import Answer
from docket.cli.render.health import health_text

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer(call: Call, *tasks: str, check: bool = False) -> Answer:
    """Say how the tasks are doing; with `check` the exit code is 1 if one is not well."""
    found = health(call.session(), tasks)
    return Answer(
        found.document(),
        lambda screen: health_text(found, screen),
        1 if found.error is not None or (check and not found.ok) else 0,
        found.warnings,
        error=found.error,
    )

"""The answer of `docket` without a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status.status import status
from docket.cli.answer import Answer
from docket.cli.render.overview import overview_text

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer(call: Call) -> Answer:
    """Show how the tasks are doing, and what to do next."""
    report = status(call.session())
    return Answer(
        report.document(),
        lambda screen: overview_text(report, screen),
        report.exit_code,
        report.warnings if report.tasks else (),
        error=report.error,
    )

"""The answer of `docket status`: all tasks, or one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.status import status
from docket.cli.answer import Answer
from docket.cli.render.status import status_text

if TYPE_CHECKING:
    from docket.app.session.session import Session
    from docket.cli.call import Call


def answer(call: Call, task: str | None = None) -> Answer:
    """Show the last run and the timer of each task, or of one."""
    return answer_in(call.session(), task)


def answer_in(session: Session, task: str | None) -> Answer:
    """Show the same in a session that is open."""
    report = status.status(session, task)
    return Answer(
        report.document(),
        lambda screen: status_text(report, screen),
        report.exit_code,
        report.warnings,
        error=report.error,
    )

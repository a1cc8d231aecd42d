"""The answer of `docket run --async`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.runs import start
from docket.app.runs.options import RunOptions
from docket.cli.answer import Answer
from docket.cli.render.receipt import receipt_text
from docket.model.states import Trigger

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer(call: Call, task: str, *, force: bool) -> Answer:
    """Start a run that goes on by itself and show its receipt."""
    return answer_of(call, task, RunOptions(force))


def answer_of(call: Call, task: str, options: RunOptions) -> Answer:
    """Do the same with all that a caller can wish for."""
    receipt = start.start(call.session(), task, options.replace(trigger=Trigger.ASYNC))
    return Answer(
        receipt.document(),
        lambda screen: receipt_text(receipt, screen),
        warnings=receipt.warnings,
    )

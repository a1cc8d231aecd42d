"""The shapes of what `why` answers."""

from __future__ import annotations

from typing import Annotated, TypedDict

from docket.app.text.shapes import FailingSince, RunDocument
from docket.model.jsonkinds import Count, Instant


class NearFireDocument(TypedDict):
    """One fire near the instant in question."""

    at: Annotated[Instant, "The fire."]
    run_id: Annotated[str | None, "The run that was for it."]
    outcome: Annotated[
        str,
        "The run's status, 'none', 'to come', 'held back' (by an order) or 'no timer then'.",
    ]


class WhyDocument(TypedDict):
    """Why a task ran, failed, or did not run."""

    task_name: Annotated[str, "The task."]
    at: Annotated[Instant | None, "The instant in question."]
    cause: Annotated[str, "A stable word: the error_code of a run, or one of its own."]
    sentence: Annotated[str, "The cause in a sentence."]
    evidence: Annotated[list[str], "What proves it, in sentences."]
    run: Annotated[RunDocument | None, "The run in question; null if there was none."]
    fires: Annotated[list[NearFireDocument], "The fires around it, each with its outcome."]
    last_lines: Annotated[list[str], "The end of what the run printed."]
    changes: Annotated[list[str], "What changed since the last success, in sentences."]
    notes: Annotated[list[str], "What else keeps the task from running, in sentences."]
    consecutive_failures: Annotated[Count, "How many runs in a row have failed."]
    failing_since: FailingSince
    last_success: Annotated[str | None, "The id of the last run that succeeded."]
    next_step: Annotated[str | None, "The command to run next."]

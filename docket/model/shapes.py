"""The shapes of a mistake in the config and of an error, as JSON objects."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.model.jsonkinds import Count, Index, JsonObject


class ProblemDocument(TypedDict):
    """One mistake, or one doubt, and where it is."""

    error: Annotated[str, "What is wrong, in one sentence."]
    error_code: Annotated[str, "A stable word for it."]
    file: Annotated[str | None, "The file."]
    line: Annotated[Index | None, "The line."]
    column: Annotated[Index | None, "The column."]
    key: Annotated[str | None, "The path of keys, with dots."]
    expected: Annotated[str | None, "What was expected there."]
    hint: Annotated[str | None, "What to do next."]
    task: Annotated[str | None, "The task, if the mistake is in one task only."]


class ErrorDocument(TypedDict):
    """Why a command failed."""

    ok: Annotated[Literal[False], "Always false."]
    error: Annotated[str, "What went wrong, in one sentence."]
    error_code: Annotated[str, "A stable word for it; `docket schema errors` lists them all."]
    hint: Annotated[str | None, "What to do next."]
    run_id: NotRequired[Annotated[str, "The run that the error is about."]]
    task: NotRequired[Annotated[str | None, "The task that the error is about."]]
    status: NotRequired[
        Annotated[
            str, "not_found, no_log, log_missing, log_pruned, log_unreadable, pruned, skipped, ..."
        ]
    ]
    blocked_by: NotRequired[Annotated[str | None, "The run that is in the way."]]
    version: NotRequired[Annotated[Count, "The version that a value of a task's state has now."]]
    candidates: NotRequired[Annotated[list[str], "The runs that a part of an id matches."]]
    pid: NotRequired[Annotated[Count | None, "The process that is in the way."]]
    path: NotRequired[Annotated[str | None, "The file that the error is about."]]
    unit: NotRequired[Annotated[str, "The unit that the error is about."]]
    file: NotRequired[Annotated[str | None, "The config that the error is about."]]
    through: NotRequired[
        Annotated[list[str], "The dependencies that lead to the destructive task."]
    ]
    problems: NotRequired[Annotated[list[ProblemDocument], "Every mistake with its place."]]
    tasks: NotRequired[
        Annotated[list[JsonObject], "What is known of each task if the config cannot be used."]
    ]
    health: NotRequired[
        Annotated[JsonObject, "The health of the tasks if the config cannot be used."]
    ]


class ErrorCodeDocument(TypedDict):
    """One value of `error_code`."""

    code: Annotated[str, "The value."]
    meaning: Annotated[str, "What it means."]
    what_to_do: Annotated[str, "What to do about it; may be empty."]

"""The shapes of what `runs`, `logs` and similar commands answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from docket.app.text.shapes import Notified, RunDocument
from docket.model.jsonkinds import Instant, JsonObject, Rule, RunId, Status


class ListedRunDocument(RunDocument):
    """One run in the list of past runs."""

    notified: Notified


class LogDocument(TypedDict):
    """What a run printed."""

    run_id: Annotated[RunId, "The run's id."]
    status: Annotated[Literal["ok"], "There is a log."]
    path: Annotated[
        str | None, "The log file; null if the journal was read, or if the run printed nothing."
    ]
    content: Annotated[
        str, "The output; bytes that are not UTF-8 are marked, and so is a part that is missing."
    ]
    source: Annotated[str, Rule(enum=["file", "journal"]), "Where it was read."]
    task_name: Annotated[str, "The task."]
    run_status: Annotated[Status, "The state of the run."]


class LogLineDocument(TypedDict):
    """One line of a log that is followed, or a part of one that goes on."""

    run_id: Annotated[RunId, "The run's id."]
    content: Annotated[str, "The line with its newline, or a part of it without."]


class AuditDocument(TypedDict):
    """One change that a command made."""

    at: Annotated[Instant, "When."]
    verb: Annotated[str, "What was done, as the command is called."]
    task: Annotated[str | None, "The task; null if it is about none."]
    uid: Annotated[int, "The user."]
    user: Annotated[str | None, "That user's name."]
    login_uid: Annotated[int | None, "The user who logged in, as the kernel says; null if nobody."]
    login_user: Annotated[str | None, "That user's name."]
    tool: Annotated[str | None, "By what: cli, mcp or api; null if that is not known."]
    before: Annotated[JsonObject | None, "What was before; null if there was nothing."]
    after: Annotated[JsonObject | None, "What is after; null if there is nothing."]

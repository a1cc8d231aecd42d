"""The JSON documents of `docket try` and `docket advise`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from docket.app.text.shapes import CommandExitCode
from docket.model.jsonkinds import Amount, JsonObject, Status


class BreakageDocument(TypedDict):
    """One thing that the sandbox broke."""

    code: Annotated[str, "What kind of thing it is, such as read_only, hidden or network."]
    sentence: Annotated[str, "What happened, in a sentence."]
    evidence: Annotated[str, "The line that says so, as the task or systemd printed it."]
    path: Annotated[str | None, "The path that it is about."]
    key: Annotated[str | None, "The key of the config that allows it; null where none does."]
    value: Annotated[str | None, "What to put into that key."]


class TrialDocument(TypedDict):
    """What came of one run of a task in a sandbox; it is not in the history."""

    ok: Annotated[bool, "Whether the task succeeded."]
    task: Annotated[str, "The task."]
    status: Annotated[Status, "How it ended."]
    error_code: Annotated[str | None, "The cause of a failure, as in the history."]
    sandbox: Annotated[str, "The profile, with the keys by which the task's own differs from it."]
    summary: Annotated[str, "One line that says what happened."]
    exit_code: Annotated[int, "0 for a success, 130 for a cancelled trial, else 1."]
    command_exit_code: CommandExitCode
    duration_seconds: Annotated[Amount | None, "How long it took."]
    breakages: Annotated[list[BreakageDocument], "What the sandbox broke."]
    patch: Annotated[JsonObject | None, "What to merge into the config; null for nothing."]
    patch_text: Annotated[str | None, "The same as YAML."]
    output: Annotated[str, "The end of what the task printed."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]

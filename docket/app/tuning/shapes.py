"""The JSON documents of `docket try` and `docket advise`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from docket.app.text.shapes import CommandExitCode
from docket.model.jsonkinds import Amount, Count, JsonObject, RunId, Status


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


class ProposalDocument(TypedDict):
    """One key that the record bears out."""

    key: Annotated[str, "The key of the task, such as limits.memory, timeout or sandbox."]
    value: Annotated[str | JsonObject, "What to put into it."]
    reason: Annotated[str, "Why, with the figures, in sentences."]
    runs: Annotated[list[RunId], "The runs that it is based on, newest first."]
    proof: Annotated[str | None, "A command to prove it first; null where the runs prove it."]


class TaskAdviceDocument(TypedDict):
    """What is proposed for one task."""

    task: Annotated[str, "The task."]
    good_runs: Annotated[Count, "How many good runs were looked at."]
    proposals: Annotated[list[ProposalDocument], "What to change."]
    patch: Annotated[JsonObject | None, "All of them, to merge into the config; null for none."]
    patch_text: Annotated[str | None, "The same as YAML, with the reasons as comments."]
    notes: Annotated[list[str], "What more is needed, or why nothing is proposed."]


class AdviceDocument(TypedDict):
    """Limits, catch-up and sandboxes that the record of runs bears out."""

    fewest_runs: Annotated[Count, "Good runs that a task needs before anything is proposed."]
    tasks: Annotated[list[TaskAdviceDocument], "The tasks that were asked for, by name."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]

"""The shapes of fires: forecasts, translations, pauses and what `maintain` did."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.model.jsonkinds import Count, Instant, LocalInstant, Rule

_Directives = Annotated[
    list[list[str]],
    Rule(items={"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}),
    "Every directive of the timer as name and value.",
]
_Warnings = Annotated[list[str], "Fires that daylight saving skips, and other warnings."]
_Lines = Annotated[list[str], "The values of OnCalendar=."]


class FireDocument(TypedDict):
    """One instant."""

    at: Annotated[LocalInstant, "When."]
    at_us: Annotated[int, "The same in microseconds since the epoch."]


class ForecastDocument(TypedDict):
    """The next fires of a task or an expression."""

    task: Annotated[str | None, "The task; null for an expression."]
    expression: Annotated[str | None, "The expression; null for a task."]
    timezone: Annotated[str, "The zone of the fires; `local` if it has no name."]
    lines: Annotated[list[str], "The directives of the timer."]
    fires: Annotated[list[FireDocument], "The next fires in order."]
    source: Annotated[
        Literal["timer", "config", "expression"], "What the fires are worked out from."
    ]
    notes: Annotated[list[str], "Triggers without a fixed instant, such as a run after boot."]
    warnings: _Warnings


class TranslationDocument(TypedDict):
    """A schedule in systemd's words."""

    lines: _Lines
    directives: _Directives
    warnings: _Warnings


class TranslatedLineDocument(TypedDict):
    """The answer to one line of a batch."""

    id: Annotated[str | float | bool | None, "As given."]
    lines: _Lines
    directives: NotRequired[_Directives]
    warnings: NotRequired[_Warnings]


class RefusedLineDocument(TypedDict):
    """The answer to one line of a batch that is wrong."""

    id: Annotated[str | float | bool | None, "As given."]
    error: Annotated[str, "What is wrong, in one sentence."]
    error_code: Annotated[str, "A stable word for it."]
    hint: Annotated[str | None, "What to write instead."]


class PauseReportDocument(TypedDict):
    """What `pause`, `resume` and `skip-next` did."""

    ok: Annotated[bool, "Always true."]
    tasks: Annotated[list[str], "The tasks."]
    until: Annotated[Instant | None, "When the pause ends by itself."]
    remaining: Annotated[Count | None, "How many fires are skipped."]
    count: Annotated[Count, "How many tasks."]


class FailedUnitDocument(TypedDict):
    """A service that failed before there was a run."""

    unit: Annotated[str, "The service."]
    sentence: Annotated[str, "How it failed."]
    command: Annotated[str, "What mends it, or shows what has to be mended."]


class UpkeepDocument(TypedDict):
    """What `maintain` did."""

    ok: Annotated[bool, "Whether everything could be done."]
    merged: Annotated[Count, "Spooled records that were merged into the database."]
    closed: Annotated[Count, "Runs that were recorded as running and were not."]
    missed: Annotated[Count, "Fires without a run."]
    swallowed: Annotated[Count, "Fires that came during a run."]
    told: Annotated[Count, "Runs whose pending hooks and notifications were sent."]
    pruned: Annotated[dict[str, Count], "How many runs `retention` removed, by task."]
    logs_pruned: Annotated[
        dict[str, Count], "How many runs, by task, are kept and lost their logs to `retention`."
    ]
    more_to_prune: Annotated[bool, "Whether the next round removes more."]
    first_prune: Annotated[
        str | None, "What is kept, the first time that anything is removed; else null."
    ]
    problems: Annotated[list[str], "What could not be done, in sentences."]

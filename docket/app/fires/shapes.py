"""The shapes of fires: forecasts, translations, pauses and what `maintain` did."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.model.jsonkinds import Amount, Count, Instant, LocalInstant, Rule

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


class WatchDocument(TypedDict):
    """The unit that watches a task's paths."""

    unit: Annotated[str, "The path unit."]
    state: Annotated[str, "Its state: active, inactive, failed, not installed, masked, unknown ..."]
    enabled: Annotated[bool | None, "Whether it is enabled; null if that is not known."]
    result: Annotated[str | None, "Why it failed, as systemd names it: trigger-limit-hit ..."]
    triggers: Annotated[list[str], "What it waits for, in words."]


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
    expired: Annotated[Count, "Values of state whose time is over, and queue items done long ago."]
    first_prune: Annotated[
        str | None, "What is kept, the first time that anything is removed; else null."
    ]
    problems: Annotated[list[str], "What could not be done, in sentences."]


class TaskLoadDocument(TypedDict):
    """How often one task fires in a period."""

    task: Annotated[str, "The task."]
    source: Annotated[
        Literal["timer", "config", "expression"], "What the fires are worked out from."
    ]
    runs_per_day: Annotated[Amount, "The runs of a day, on average."]
    runs: Annotated[Amount, "The runs of the whole period."]
    listed: Annotated[
        bool, "Whether each fire is worked out; a task that fires more often has only its rate."
    ]
    first: Annotated[Instant | None, "The first fire."]
    notes: Annotated[list[str], "What no count can say, such as a timer that is off."]


class DayLoadDocument(TypedDict):
    """The runs of one day."""

    date: Annotated[str, "The day, by the clock of this machine."]
    runs: Annotated[Amount, "How many runs begin."]


class PileUpDocument(TypedDict):
    """A minute of the day in which the same tasks start."""

    clock: Annotated[str, "The minute, as hours and minutes of this machine's clock."]
    tasks: Annotated[list[str], "The tasks."]
    times: Annotated[Count, "How often that happens in the period."]
    first: Annotated[Instant, "When it happens first."]


class EffectDocument(TypedDict):
    """What a change of the clock does to a task."""

    task: Annotated[str, "The task."]
    effect: Annotated[str, "A sentence."]


class ClockChangeDocument(TypedDict):
    """The beginning or the end of summer time in a zone of a task."""

    at: Annotated[Instant, "When."]
    timezone: Annotated[str, "The zone."]
    shift_seconds: Annotated[int, "By how much the clock is put forward; below 0 it is put back."]
    effects: Annotated[list[EffectDocument], "The tasks that lose runs by it."]


class JitterDocument(TypedDict):
    """A jitter for one task."""

    task: Annotated[str, "The task."]
    jitter_seconds: Annotated[Count, "The value of its `jitter`."]


class SpreadDocument(TypedDict):
    """What to add to the config, so that tasks do not start at once."""

    yaml: Annotated[str, "The keys to add, as YAML."]
    tasks: Annotated[list[JitterDocument], "The same, task by task."]


class WorkloadDocument(TypedDict):
    """What fires over the next days."""

    since: Annotated[Instant, "The beginning of the period: now."]
    until: Annotated[Instant, "Its end."]
    days: Annotated[Count, "Its days, of 24 hours each."]
    timezone: Annotated[str, "The zone of this machine; `local` if it has no name."]
    tasks: Annotated[list[TaskLoadDocument], "The tasks with a schedule, the most frequent first."]
    by_day: Annotated[list[DayLoadDocument], "The runs of each day."]
    pile_ups: Annotated[
        list[PileUpDocument], "The minutes in which several tasks start, the largest first."
    ]
    pile_ups_in_all: Annotated[Count, "How many there are; the list has the first twenty."]
    clock_changes: Annotated[list[ClockChangeDocument], "Changes to and from summer time."]
    suggestion: Annotated[SpreadDocument | None, "A spread of the pile-ups; null if none helps."]
    warnings: Annotated[list[str], "Further remarks, in sentences."]

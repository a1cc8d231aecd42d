"""The shapes of what `docket health` and `docket doctor --agent` answer."""

from __future__ import annotations

from output_words import (
    Schema,
    count,
    flag,
    instant,
    number,
    or_null,
    record,
    ref,
    rows,
    text,
    words,
)

from docket.app.health import Category

_ANOMALY = record(
    {
        "code": text("What is odd, a stable word."),
        "sentence": text("The same in a sentence."),
    }
)

_TASK = record(
    {
        "last_run": {
            "anyOf": [ref("latest"), {"type": "null"}],
            "description": "The last run that really ran; null for none.",
        },
        "consecutive_failures": count("How many runs in a row did not succeed."),
        "category": text("How it is doing.", enum=[str(category) for category in Category]),
        "running": flag("Whether a run is under way."),
        "anomalies": {"type": "array", "items": _ANOMALY, "description": "What is odd about it."},
        "notes": words("What else there is to know, in sentences; no faults."),
        "schedule": text("The schedule as written; several are joined by semicolons."),
        "schedule_interval_seconds": number("The gap between the fires around now.", minimum=0),
        "seconds_since_last_run": number("Since the last run was over.", minimum=0),
        "previous_fire": or_null(instant("The last fire of its calendars.")),
        "next_fire": or_null(instant("The next fire of its calendars.")),
    },
    optional=(
        "schedule",
        "schedule_interval_seconds",
        "seconds_since_last_run",
        "previous_fire",
        "next_fire",
    ),
)

HEALTH: Schema = record(
    {
        **{str(category): words(f"The tasks that are {category}.") for category in Category},
        "summary": text("How many tasks are doing how, in one line."),
        "details": {
            "type": "object",
            "additionalProperties": _TASK,
            "description": "Each task by its name.",
        },
        "ok": flag("Whether no task is failed, stale or degraded."),
        "warnings": words("What could not be looked at, in sentences."),
    }
)

AGENT_EXAMINATION: Schema = record(
    {
        "healthy": flag("Whether every check is well, those of the installation too."),
        "checks": {
            "type": "array",
            "description": "What an agent relies on, of the home and of each task.",
            "items": record(
                {
                    "name": text("What was checked; of a task with its name and a colon before."),
                    "ok": flag("Whether it is so."),
                    "detail": text("What was seen."),
                },
                optional=("detail",),
            ),
        },
        "installation_checks": rows("check", "What docket doctor finds without --agent."),
    }
)

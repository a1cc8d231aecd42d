"""The shapes of what moves jobs from and to other programs."""

from __future__ import annotations

from output_words import Schema, count, flag, or_null, record, rows, table, text, words

_DIFFERENCE = record(
    {
        "at": text("The minute, ISO 8601 with the offset of the schedule's zone."),
        "cron": flag("Whether cron runs the job in it."),
        "docket": flag("Whether the timer fires in it."),
        "cause": text("Why.", enum=["daylight_saving", "meaning"]),
    }
)

_PROOF: Schema = {
    **record(
        {
            "identical": flag("Whether both run the job in the very same minutes."),
            "fires": count("How often cron runs it."),
            "until": text("The day, in UTC, up to which both were asked for every minute."),
            "differing": count("In how many minutes one of them alone runs it."),
            "by_daylight_saving": count("How many of these lie where the clocks change."),
            "differences": {
                "type": "array",
                "description": "The first 100 of them, those of another meaning first.",
                "items": _DIFFERENCE,
            },
        }
    ),
    "type": ["object", "null"],
    "description": "The comparison with cron; null for @reboot, which has no calendar.",
}

_IMPORTED = record(
    {
        "name": text("The task's name, from its command."),
        "file": text("The crontab."),
        "line": count("The line in it."),
        "source": text("The line as it stands there."),
        "schedule": text("The cron expression or macro."),
        "timezone": or_null(text("The zone, where CRON_TZ names one.")),
        "command": words("The words of the command."),
        "user": or_null(text("The user, where the crontab names one.")),
        "enabled": flag("Whether the task is switched on: it is not where it is another user's."),
        "proof": _PROOF,
    }
)

CRONTAB_IMPORT = record(
    {
        "ok": flag("Whether every line was carried over and fires as it did."),
        "tasks": {"type": "array", "description": "The tasks, in order.", "items": _IMPORTED},
        "problems": rows("problem", "The lines that were left out or do not fire alike."),
        "warnings": rows("problem", "What is doubtful."),
        "yaml": text("The tasks as a config."),
        "output": or_null(text("The file that it was written to.")),
    }
)

EJECTION = record(
    {
        "ok": flag("Whether everything was done."),
        "tasks": {
            "type": "array",
            "description": "The tasks.",
            "items": record(
                {
                    "task": text("The task."),
                    "units": table("The text of each unit, by its name.", {"type": "string"}),
                    "lost": words("What Docket did and the units do not, in words."),
                }
            ),
        },
        "directory": or_null(text("Where the units were written; null: nowhere.")),
        "written": words("The files that were written."),
        "removed": words("Docket's own files that went."),
        "enabled": words("The timers that are enabled now."),
        "started": words("The timers that run now."),
        "next_steps": words("Commands that are left to be run."),
        "problems": rows("problem", "What could not be done."),
        "warnings": rows("problem", "What is doubtful."),
    }
)

"""The shapes of what is made for agents: `health`, `doctor --agent` and `capabilities`."""

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
    table,
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
        "schedule_interval_seconds": count("The seconds between the fires around now."),
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

_REFERENCE: Schema = {
    "anyOf": [
        record(
            {
                "name": text("The schema's name."),
                "command": text("The command that prints it."),
                "path": or_null(text("Where it lies; null for one that is made when asked for.")),
            }
        ),
        {"type": "null"},
    ]
}

PARAMETER = record(
    {
        "name": text("What programs call it."),
        "flags": words("How it is written on the command line; none for an argument."),
        "type": text(
            "What it takes.",
            enum=["flag", "text", "integer", "number", "choice", "span", "instant", "path"],
        ),
        "required": flag("Whether it must be given."),
        "many": flag("Whether it may be given several times."),
        "default": {
            "type": ["string", "number", "boolean", "null"],
            "description": "What holds where it is not given.",
        },
        "choices": words("The words that it takes; none where it takes others too."),
        "help": text("What it does."),
        "metavar": text("What stands for its value in the usage."),
        "minimum": or_null(number("The least number that it takes.")),
        "maximum": or_null(number("The greatest number that it takes.")),
    }
)

COMMAND = record(
    {
        "name": text("The command as it is called."),
        "summary": text("What it does."),
        "agent_use": text("When an agent calls it; empty where none does."),
        "json": flag("Whether it answers in JSON."),
        "command": text("Its first word."),
        "usage": text("The whole usage."),
        "arguments": rows("parameter", "What stands without a flag, in order."),
        "options": rows("parameter", "Its options, without those of every command."),
        "input_schema": {**_REFERENCE, "description": "What it takes."},
        "output_schema": {**_REFERENCE, "description": "Its answer with --json."},
        "line_schema": {**_REFERENCE, "description": "Each line, where it answers in lines."},
        "exit_codes": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "The exit codes that it ends with.",
        },
    }
)

_SCHEMAS = record(
    {
        "command": text("The command that prints such a schema."),
        "path": or_null(text("The file or directory; null for what is made when asked for.")),
        "names": words("The names there are."),
    },
    optional=("names",),
)

CAPABILITIES: Schema = record(
    {
        "tool": {"const": "docket", "description": "Always docket."},
        "version": text("The version of Docket."),
        "agent_contract_version": {
            "type": "integer",
            "description": "Stays as long as no key is lost or changes its type.",
        },
        "config": record(
            {
                "state_dir": text("The database of runs."),
                "tasks_dir": text("The directory of drop-in tasks."),
                "logs_dir": text("The directory of logs."),
                "path": text("The config."),
            }
        ),
        "commands": rows("command", "The commands, each way to call one by itself."),
        "options": rows("parameter", "The options that every command takes."),
        "exit_codes": table("What each exit code means.", {"type": "string"}),
        "error_schema": {**_REFERENCE, "description": "What is answered on failure."},
        "error_codes": words("Every word that error_code may be; docket schema errors says more."),
        "schemas": table("How to get each kind of schema.", _SCHEMAS),
        "tasks": rows("task", "Every task that can be used."),
        "problems": rows("problem", "What is wrong with the others."),
    }
)

# What `describe` adds to a contract; none of it stands there where the record cannot be read.
NOW: Schema = {
    "next_run": or_null(instant("When its timer starts it next; null where none will.")),
    "lock": record(
        {
            "held": flag("Whether a run of it is under way."),
            "run_id": or_null(text("The id of that run.")),
            "since": or_null(instant("When that run began.")),
        }
    ),
    "guards": {
        "type": "array",
        "description": "What would keep a run from beginning now.",
        "items": record(
            {
                "code": text("The error_code that such a run would be skipped with."),
                "runs": text("Whose runs it holds back.", enum=["timer", "all"]),
                "sentence": text("The same in a sentence."),
            }
        ),
    },
    "last_run": {
        "anyOf": [ref("latest"), {"type": "null"}],
        "description": "The last run that really ran; null for none.",
    },
    "last_hooks": rows("hook", "What became of its hooks and messages."),
    "consecutive_failures": count("How many runs in a row did not succeed."),
    "timer": {"anyOf": [ref("timer"), {"type": "null"}], "description": "Null: no schedule."},
    "drift": words("How the installed units differ from the config, in sentences."),
}

"""The shapes that the documents of several commands share."""

from __future__ import annotations

from output_health import COMMAND, PARAMETER
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

from docket.model.states import RunStatus, Trigger

STATUSES = [str(status) for status in RunStatus]
TRIGGERS = [str(trigger) for trigger in Trigger]
ACTIONS = ["create", "update", "remove", "unchanged", "kept"]
RUN_ID = r"^[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}$"


RUN_KEY = text("The run's id.", pattern=RUN_ID)
STATUS = text("Where the run stands.", enum=STATUSES)
DURATION = or_null(number("From start to finish, in seconds; null while it lasts.", minimum=0))
EXIT_CODE = {
    "type": ["integer", "null"],
    "description": "Docket's own: 0, 1, 2 (dry run completed) or 130 (cancelled).",
}
DETAILS = table("What the task left: command, stdout, stderr, exit_code, json, events, ...")
ANY: Schema = {"description": "Any JSON value."}

PROVENANCE: Schema = {
    "error_code": or_null(text("The finer cause, a stable word; null for a success.")),
    "trigger": text("What started the run.", enum=TRIGGERS),
    "scheduled_for": or_null(instant("The fire that the run is for.")),
    "retry_count": count("How many retries were made."),
    "blocked_by": or_null(text("The run that was in the way of a skipped one.")),
    "unit": or_null(text("The systemd unit that it ran in.")),
    "invocation_id": or_null(text("systemd's id of that start of the unit.")),
    "pid": or_null(count("The runner's process id.")),
    "log_path": or_null(text("The log file.")),
    "peak_memory_bytes": or_null(count("The largest memory of the command.")),
    "cpu_seconds": or_null(number("Processor time of the command, in seconds.", minimum=0)),
    "output_bytes": or_null(count("What its last attempt wrote to both streams.")),
    "params": or_null(table("What the run was given: input to value.", {"type": "string"})),
    "idempotency_key": or_null(text("The key under which it was asked for.")),
}

TERMINATION: Schema = {
    "method": text("What ended the run.", enum=["unit", "lock_holder", "request"]),
    "unit": or_null(text("The unit that was stopped.")),
    "pid": or_null(count("The process that held the run's lock.")),
    "signal": or_null(text("The last signal that it got.", enum=["SIGTERM", "SIGKILL"])),
    "killed": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "The processes that had to be killed.",
    },
}

RUN = record(
    {
        "run_id": RUN_KEY,
        "task_name": text("The task."),
        "status": STATUS,
        "started_at": instant("When the run began."),
        "finished_at": or_null(instant("When it was over.")),
        "duration_seconds": DURATION,
        "exit_code": EXIT_CODE,
        "summary": text("One line that says what happened."),
        "details": DETAILS,
        "dry_run": flag("Whether nothing was really done."),
        "alive": {
            "type": ["boolean", "null"],
            "description": "Of a run that is not over: whether its lock is held; null: not known.",
        },
        **PROVENANCE,
    }
)

NOTIFIED: Schema = {
    "type": ["string", "null"],
    "enum": ["delivered", "failed", "suppressed", None],
    "description": "What became of its messages; null where nobody was to be told.",
}

PROGRESS = {
    "anyOf": [
        record(
            {
                "fraction": {
                    "type": ["number", "null"],
                    "minimum": 0,
                    "maximum": 1,
                    "description": "How much is done; null: not known.",
                },
                "message": text("What it is at; may be empty."),
                "at": instant("When the task said so."),
            }
        ),
        {"type": "null"},
    ],
    "description": "How far the run is, as its task said last; null where it says nothing.",
}

UNDER_WAY = {
    **RUN,
    "properties": {**RUN["properties"], "progress": PROGRESS},
    "required": [*RUN["required"], "progress"],
}

CANCELLED = {
    **RUN,
    "properties": {
        **RUN["properties"],
        "cancelled": flag("Whether the run is cancelled, by this call or an earlier one."),
        "termination": {
            "anyOf": [record(TERMINATION), {"type": "null"}],
            "description": "How it was ended; null where nothing had to be signalled.",
        },
    },
    "required": [*RUN["required"], "cancelled", "termination"],
}

WAIT_TIMEOUT = record(
    {
        "run_id": RUN_KEY,
        "task_name": text("The task."),
        "status": {"const": "wait_timeout", "description": "The time ran out before the run."},
        "last_seen_status": STATUS,
    }
)

LATEST = record(
    {
        "task_name": text("The task."),
        "run_id": RUN_KEY,
        "started_at": instant("When the run began."),
        "last_run": instant("When it was over."),
        "duration_seconds": DURATION,
        "exit_code": {**EXIT_CODE, "type": "integer"},
        "summary": text("One line that says what happened."),
        "details": DETAILS,
        "dry_run": flag("Whether nothing was really done."),
        "status": STATUS,
        **PROVENANCE,
    }
)

EVENT = record(
    {
        "run_id": RUN_KEY,
        "task_name": text("The task."),
        "event_index": {"type": "integer", "minimum": 1, "description": "Counts from 1."},
        "timestamp": text("The event's own timestamp, else when it arrived."),
        "event_type": or_null(text("The first of the event's keys event, type and status.")),
        "event": {**ANY, "description": "The event as the task printed it."},
        "received_at": instant("When the event arrived."),
    }
)

HOOK = record(
    {
        "command": text("The hook's command; `agent:HOST`, or `notify:CHANNEL`."),
        "exit_code": {
            "type": ["integer", "null"],
            "description": "Null while it runs and where it could not start.",
        },
        "stdout": text("What it wrote to standard output."),
        "stderr": text("What it wrote to standard error."),
        "kind": text(
            "When it runs; notify is a notification.",
            enum=["on_success", "on_failure", "on_complete", "notify"],
        ),
        "state": text(
            "started, done, timed_out or failed_to_start; of a notification delivered, failed or "
            "suppressed too."
        ),
        "duration_seconds": DURATION,
    },
    optional=("duration_seconds",),
)

ATTEMPT = record(
    {
        "number": {"type": "integer", "minimum": 1, "description": "Counts from 1."},
        "started_at": instant("When the attempt began."),
        "finished_at": or_null(instant("When it was over.")),
        "exit_code": {"type": ["integer", "null"], "description": "The command's own exit code."},
        "signal": {"type": ["integer", "null"], "description": "The signal that ended it."},
        "ended_by": text("exit, signal, timeout, idle_timeout, spawn or stop."),
        "peak_memory_bytes": or_null(count("The largest memory of the command.")),
        "cpu_seconds": or_null(number("Processor time, in seconds.", minimum=0)),
    }
)

PROBLEM = record(
    {
        "error": text("What is wrong, in one sentence."),
        "error_code": text("A stable word for it."),
        "file": or_null(text("The file.")),
        "line": or_null(count("Counts from 1.")),
        "column": or_null(count("Counts from 1.")),
        "key": or_null(text("The path of keys, with dots.")),
        "expected": or_null(text("What was expected there.")),
        "hint": or_null(text("What to do next.")),
        "task": or_null(text("The task that it spoils, where it is one alone.")),
    }
)

ERROR = record(
    {
        "ok": {"const": False, "description": "Always false."},
        "error": text("What went wrong, in one sentence."),
        "error_code": text("A stable word for it; docs/errors.md lists them all."),
        "hint": or_null(text("What to do next.")),
        "run_id": text("The run that the error is about."),
        "task": or_null(text("The task that the error is about.")),
        "status": text("not_found, no_log, log_missing, log_unreadable, pruned, skipped, ..."),
        "blocked_by": or_null(text("The run that is in the way.")),
        "pid": or_null(count("The process that is in the way.")),
        "path": or_null(text("The file that the error is about.")),
        "unit": text("The unit that the error is about."),
        "file": or_null(text("The config that the error is about.")),
        "through": words("The dependencies on the way to the destructive task that is refused."),
        "problems": rows("problem", "Every mistake with its place."),
    },
    optional=(
        *("run_id", "task", "status", "blocked_by", "pid", "path", "unit", "file"),
        *("through", "problems"),
    ),
)

TASK = {
    "name": text("The task."),
    "description": text("What it does."),
    "agent_notes": text("What agents should know."),
    "inputs": table("What it takes: name to description.", {"type": "string"}),
    "params": words("The inputs that a run can be given with --param."),
    "outputs": table("What it gives: name to description.", {"type": "string"}),
    "schema": table("The task's own rules for its config keys."),
    "required_env": words("Environment variables that must be set."),
    "destructive": flag("Whether it may delete, overwrite or spend."),
    "network": flag("Whether it uses the network."),
    "configured": flag("Whether the config has an entry for it."),
    "config": table("The entry as written, with every secret replaced."),
    "type": text("How it is written.", enum=["command", "python"]),
    "enabled": flag("Whether a timer is installed for it."),
    "schedule": words("Its triggers as written."),
    "input_schema": text("The command that prints the JSON Schema of what it takes."),
}

DURATIONS = record(
    {
        "sample_size": {"type": "integer", "minimum": 1, "description": "How many good runs."},
        "median_seconds": number("Half took less.", minimum=0),
        "p90_seconds": number("Nine of ten took at most this.", minimum=0),
        "average_seconds": number("The mean.", minimum=0),
    }
)

TIMER = record(
    {
        "unit": text("The timer unit."),
        "state": text("active, inactive, failed, not installed, masked, unknown, ..."),
        "enabled": {
            "type": ["boolean", "null"],
            "description": "Whether it starts at boot; null where that is not known.",
        },
        "next_fire": or_null(instant("When it fires next.")),
        "last_trigger": or_null(instant("When it fired last.")),
    }
)

STANDING: Schema = {
    "running": rows("run_under_way", "The runs of the task that are not over."),
    "timer": {"anyOf": [ref("timer"), {"type": "null"}], "description": "Null: no schedule."},
    "plan": text(
        "What the next run obeys; last_good: an older plan, because the config is broken.",
        enum=["fresh", "stale", "last_good", "missing"],
    ),
    "drift": words("How the unit files differ from the plan, in sentences."),
    "hand_edits": words("Unit files that were edited by hand, and are kept."),
    "drop_ins": words("Drop-ins of others that change the task's units."),
    "configured": flag("Whether the config has the task."),
    "consecutive_failures": count("How many runs in a row have not succeeded, up to the last."),
    "problems": words("What is wrong with the task's config."),
    "overrides": {
        "type": "array",
        "items": record(
            {
                "kind": text("What is ordered.", enum=["pause", "skip-next"]),
                "until": or_null(instant("When a pause ends by itself.")),
                "remaining": or_null(count("How many fires are still to be skipped.")),
                "reason": or_null(text("Why, as it was said.")),
                "since": instant("When it was ordered."),
            }
        ),
        "description": "What somebody has ordered of the task's timer for a while.",
    },
    "incident": {
        "anyOf": [
            record(
                {
                    "open": flag("Whether no success has ended it."),
                    "opened_at": instant("When it began."),
                    "opened_by": text("The run that failed first."),
                    "closed_at": or_null(instant("When it ended.")),
                    "closed_by": or_null(text("The run that ended it.")),
                    "failures": count("How many runs have failed in it."),
                    "error_code": or_null(text("Its cause, the error_code of a run.")),
                    "summary": text("The summary of the run that gave it its cause."),
                    "told_at": or_null(instant("When somebody was last told.")),
                    "told_by": or_null(text("The run that somebody was last told by.")),
                }
            ),
            {"type": "null"},
        ],
        "description": "The task's last incident; null where its failures are told to nobody.",
    },
}

FINDINGS: Schema = {
    "error": text("The same as detail, where the status is error."),
    "path": text("The file or directory, or the PATH that tasks get."),
    "paths": words("Drop-ins of others."),
    "problems": rows("problem", "Every mistake with its place."),
    "tasks_found": count("How many tasks there are."),
    "broken": words("Tasks that cannot be used."),
    "waiting": count("Records of runs that wait for the database."),
    "refused": words("Spooled files that are no records."),
    "run_ids": words("Runs that are recorded as running, and whose runners are dead."),
    "running": count("How many runs are recorded as running."),
    "missing": table("By task, what it needs and is not there.", words("In sentences.")),
    "version": count("systemd's version."),
    "scheduled_tasks": words("Tasks that need timers."),
    "scheduled": count("How many tasks have timers."),
    "troubles": table("By task, why its timer does not fire.", {"type": "string"}),
    "drifts": words("How unit files differ from the config, in sentences."),
    "hand_edits": words("Unit files that were edited by hand, and are kept."),
    "left_over": words("Unit files that no task has."),
    "last_good": words("Tasks that run by their last good plan."),
    "persistent": flag("Whether the journal outlives a reboot."),
    "readable": flag("Whether the journal can be read."),
}

CHECK = record(
    {
        "check": text("What was examined."),
        "status": text("How it came out.", enum=["ok", "warning", "missing", "error"]),
        "detail": text("What was found, in sentences; empty where there is nothing to say."),
        "hint": or_null(text("What to do next.")),
        **FINDINGS,
    },
    optional=tuple(FINDINGS),
)

UNIT_REPORT: Schema = {
    "ok": flag("Whether everything that was asked for was done."),
    "installed": words("The paths of all unit files of the selected tasks."),
    "count": count("How many those are."),
    "created": words("Files that are new."),
    "updated": words("Files that were changed."),
    "replaced": words("Files of docket-cli that gave way to Docket's."),
    "copies": or_null(
        text("Where the files that were docket-cli's are kept; null: there were none.")
    ),
    "removed": words("Files that were removed."),
    "kept": words("Files that differ and were left as they are."),
    "unchanged": count("How many files were as they should be."),
    "reloaded": flag("Whether the service manager was told to read its files anew."),
    "enabled": words("Timers that were enabled."),
    "started": words("Timers that were started."),
    "restarted": words("Active timers that changed and were started again."),
    "not_started": words("One-shot timers whose instants are past."),
    "pending": words("Commands that are still to be run by hand."),
    "next_command": or_null(text("The command that enables and starts the timers.")),
    "linger": {
        "type": ["boolean", "null"],
        "description": "Whether the user's timers go on after logout; null: not known.",
    },
    "maintenance": words("The paths of the maintenance units that were written or removed."),
    "problems": rows("problem", "What is wrong with tasks."),
    "warnings": rows("problem", "What is doubtful."),
    "at_boot": words("Timers that are enabled for the next boot alone."),
    "programs": table("By task: the program that its command was found to be.", text("A path.")),
    "message": text("Said where there was nothing to do."),
}

PAUSE_REPORT = record(
    {
        "ok": flag("Always true."),
        "tasks": words("The tasks that it was ordered of."),
        "until": or_null(instant("When a pause ends by itself.")),
        "remaining": or_null(count("How many fires are skipped.")),
        "reason": or_null(text("Why, as it was given.")),
        "count": count("How many tasks."),
    }
)

SWITCH_REPORT = record(
    {
        "ok": flag("Always true."),
        "timers": words("The timers, by unit name."),
        "not_started": words("One-shot timers whose instants are past."),
        "at_boot": words("Timers that were enabled for the next boot alone."),
        "count": count("How many timers."),
    },
    optional=("at_boot",),
)

OUTCOME = record(
    {
        "ok": flag("Whether the task did what it should."),
        "status": STATUS,
        "summary": text("One line that says what happened."),
        "details": DETAILS,
        "dry_run": flag("Whether nothing was really done."),
        "exit_code": {**EXIT_CODE, "type": "integer"},
        "retry_count": count("How many retries were made."),
        "run_id": RUN_KEY,
        "task": text("The task."),
        "started_at": instant("When the run began."),
        "finished_at": or_null(instant("When it was over.")),
        "duration_seconds": DURATION,
        "hooks": rows("hook", "The outcomes of the hooks that ran."),
        "error_code": or_null(text("The finer cause, a stable word; null for a success.")),
        "log_path": or_null(text("The log file.")),
        "warnings": words("What else is to be said, in sentences."),
        "typical_duration": ref("durations"),
    },
    optional=("typical_duration",),
)

RECEIPT = record(
    {
        "ok": {"const": True, "description": "The run is under way."},
        "status": {"const": "running", "description": "Always running; status tells more."},
        "task": text("The task."),
        "run_id": RUN_KEY,
        "pid": or_null(count("The runner's process id; null where it was over too soon to tell.")),
        "started_at": instant("When the run was asked for."),
        "log_path": text("The log file."),
        "status_command": text("The command that shows where the run stands."),
        "wait_command": text("The command that waits for its end."),
        "logs_command": text("The command that shows what it printed."),
        "next_check_after_seconds": number("When it is worth looking again.", minimum=1),
        "mode": {"const": "async", "description": "Always async."},
        "unit": or_null(text("The systemd unit of this run alone.")),
        "launcher": text("What started it.", enum=["systemd", "direct"]),
        "idempotency_key": or_null(text("The key that this receipt belongs to.")),
        "warnings": words("What else is to be said, in sentences."),
        "estimated_duration_seconds": number("What half of its good runs took.", minimum=0),
        "p90_duration_seconds": number("What nine of ten took at most.", minimum=0),
        "typical_duration": ref("durations"),
    },
    optional=("estimated_duration_seconds", "p90_duration_seconds", "typical_duration"),
)

FIRE = record(
    {
        "at": text("ISO 8601 with the zone's offset.", format="date-time"),
        "at_us": {"type": "integer", "description": "Microseconds since the epoch."},
    }
)

FORECAST = record(
    {
        "task": or_null(text("The task; null for an expression.")),
        "expression": or_null(text("The expression; null for a task.")),
        "timezone": text("The zone that the fires are shown in; local where it has no name."),
        "lines": words("The timer's directives."),
        "fires": rows("fire", "The next fires in order."),
        "notes": words("What no list of instants can say, such as runs after boot."),
        "warnings": words("What daylight saving takes away, and other doubts."),
    }
)

DIRECTIVES: Schema = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    "description": "Every directive of the timer as name and value.",
}

TRANSLATION = record(
    {
        "expression": text("The expression as given."),
        "timezone": or_null(text("The zone as given.")),
        "lines": words("What stands right of each OnCalendar=."),
        "directives": DIRECTIVES,
        "warnings": words("What daylight saving takes away, and other doubts."),
    }
)

ANSWERED = record(
    {
        "id": {"type": ["string", "number", "boolean", "null"], "description": "As asked."},
        "lines": words("What stands right of each OnCalendar=."),
        "directives": DIRECTIVES,
        "warnings": words("What daylight saving takes away, and other doubts."),
    },
    optional=("directives", "warnings"),
)

REFUSED = record(
    {
        "id": {"type": ["string", "number", "boolean", "null"], "description": "As asked."},
        "error": text("What is wrong, in one sentence."),
        "error_code": text("A stable word for it."),
        "hint": or_null(text("What to write instead.")),
    }
)

UNIT_TEXTS = record(
    {
        "schedule": text("The triggers as written, with commas between them."),
        "schedules": words("The triggers as written."),
        "service": text("The service unit's text."),
        "timer": text("The timer unit's text."),
    },
    optional=("schedules",),
)

TIMER_TEXT = record(
    {
        "lines": words("The timer's directives."),
        "fires": rows("fire", "Its next fires, where it has a calendar."),
    }
)

FIRE_CHANGE = record(
    {
        "task": text("The task."),
        "unit": text("The timer unit."),
        "before": {
            "anyOf": [ref("timer_text"), {"type": "null"}],
            "description": "Null: there is no timer yet.",
        },
        "after": {
            "anyOf": [ref("timer_text"), {"type": "null"}],
            "description": "Null: there is no timer any more.",
        },
    }
)

CONFIG_REPORT: Schema = {
    "ok": flag("Whether there is no mistake."),
    "path": text("The config."),
    "problems": rows("problem", "Every mistake with its place."),
    "warnings": rows("problem", "What is doubtful."),
}

CHANGE = record(
    {
        "unit": text("The unit file's name."),
        "path": text("Where it lies."),
        "task": text("The task that it belongs to."),
        "action": text("What becomes of it.", enum=ACTIONS),
        "reason": or_null(text("Why it is kept.")),
        "diff": text("The change as a unified diff."),
    }
)

DIFFERENCE: Schema = {
    "ok": flag("Whether every task can be installed."),
    "changes": rows("change", "What becomes of each unit file."),
    "next_fires": rows("fire_change", "The next fires before and after, of timers that change."),
    "timers_to_restart": words("Active timers that would be started again."),
    "problems": rows("problem", "What is wrong with tasks."),
    "warnings": rows("problem", "What is doubtful."),
}

DEFINITIONS: Schema = {
    "fire": FIRE,
    "unit_texts": UNIT_TEXTS,
    "timer_text": TIMER_TEXT,
    "fire_change": FIRE_CHANGE,
    "change": CHANGE,
    "forecast": FORECAST,
    "run": RUN,
    "run_under_way": UNDER_WAY,
    "wait_timeout": WAIT_TIMEOUT,
    "cancelled": CANCELLED,
    "latest": LATEST,
    "outcome": OUTCOME,
    "event": EVENT,
    "hook": HOOK,
    "attempt": ATTEMPT,
    "problem": PROBLEM,
    "error": ERROR,
    "durations": DURATIONS,
    "timer": TIMER,
    "check": CHECK,
    "task": record(TASK),
    "standing": record({**LATEST["properties"], **STANDING}),
    "never_run": record(
        {
            "task": text("The task."),
            "status": {"const": "never_run", "description": "It has never run to its end."},
            **STANDING,
        }
    ),
    "run_detail": record(
        {
            **RUN["properties"],
            "progress": PROGRESS,
            "attempts": rows("attempt", "Its attempts in order."),
            "hooks": rows("hook", "The outcomes of its hooks in order."),
        }
    ),
    "listed": record(
        {
            "name": text("The task."),
            "description": text("What it does."),
            "last_run": {
                "anyOf": [ref("latest"), {"type": "null"}],
                "description": "Its last finished real run.",
            },
            "broken": flag("Whether it cannot be used."),
            "problems": rows("problem", "What is wrong with it."),
            "enabled": flag("Whether a timer is installed for it."),
            "schedule": words("Its triggers as written."),
        }
    ),
    "command": COMMAND,
    "parameter": PARAMETER,
}

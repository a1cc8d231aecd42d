"""The shapes of what `docket db` answers."""

from __future__ import annotations

from output_words import Schema, count, flag, or_null, record, text, words

_PATH = text("The database.")
_BYTES = count("The size, in bytes.")

STORE_CHECK: Schema = record(
    {
        "ok": flag("Whether nothing is wrong with the database."),
        "action": {"const": "check", "description": "What was asked for."},
        "path": _PATH,
        "exists": flag("Whether it is there: the first run makes it."),
        "bytes": _BYTES,
        "runs": or_null(count("How many runs it holds; null where they cannot be counted.")),
        "problems": words("What is wrong, in sentences."),
        "waiting": count("How many spooled records wait to be merged."),
        "refused": words("Spooled files that hold no record."),
    }
)

STORE_BACKUP: Schema = record(
    {
        "ok": flag("Always true."),
        "action": {"const": "backup", "description": "What was asked for."},
        "path": _PATH,
        "copy": text("The copy."),
        "bytes": _BYTES,
    }
)

STORE_REPAIR: Schema = record(
    {
        "ok": flag("Always true: the database is sound now."),
        "action": {"const": "repair", "description": "What was asked for."},
        "path": _PATH,
        "repaired": flag("Whether anything was wrong."),
        "runs": count("How many runs it holds now."),
        "merged": count("How many spooled records were taken in."),
        "kept": or_null(text("Where the broken file lies.")),
        "problems": words("What was wrong, in sentences."),
    }
)

STORE_RECORD: Schema = {
    **record(
        {
            "record": text(
                "What the line is of; the other keys are the columns of that table.",
                enum=[
                    "export",
                    "run",
                    "attempt",
                    "event",
                    "hook",
                    "task_state",
                    "incident",
                    "override",
                    "fires_checked",
                    "audit",
                    "end",
                ],
            ),
            "records": count("Of the end: how many records came before it."),
            "schema_version": count("Of the head: the version of the tables."),
        },
        optional=("records", "schema_version"),
    ),
    "additionalProperties": True,
}

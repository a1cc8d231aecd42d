#!/usr/bin/env python3
"""Writes schemas/output/*.schema.json: the shape of every document that a command prints.

The shapes stand once, here and in output_shapes.py; each written file is whole in itself, as agents
want it. `tools/output_schemas.py --check` says whether the files are as they should be.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from output_health import AGENT_EXAMINATION, CAPABILITIES, HEALTH, NOW
from output_moves import CRONTAB_IMPORT, EJECTION
from output_shapes import (
    ANSWERED,
    CONFIG_REPORT,
    DEFINITIONS,
    DIFFERENCE,
    NOTIFIED,
    PAUSE_REPORT,
    RECEIPT,
    REFUSED,
    RUN,
    RUN_KEY,
    STATUS,
    SWITCH_REPORT,
    TASK,
    TRANSLATION,
    UNIT_REPORT,
)
from output_stores import STORE_BACKUP, STORE_CHECK, STORE_RECORD, STORE_REPAIR
from output_words import (
    Schema,
    count,
    flag,
    instant,
    or_null,
    record,
    ref,
    rows,
    table,
    text,
    words,
)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DIRECTORY = os.path.join(ROOT, "schemas", "output")
CODES = os.path.join(ROOT, "schemas", "error-codes.json")
PAGE_OF_CODES = os.path.join(ROOT, "docs", "errors.md")
ROW_OF_CODES = re.compile(r"^\| `([a-z_.]+)` \| (.*?) \|(?: (.*?) ?\|)?$", re.MULTILINE)
DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: dict[str, tuple[str, Schema]] = {
    "error": ("What every command prints with --json where it fails", ref("error")),
    "run": ("docket run --json", ref("outcome")),
    "run-async": ("docket run --async --json: the receipt", RECEIPT),
    "status": (
        "docket status --json: of all tasks that have run, of one task, or of one run",
        {
            "anyOf": [
                {"type": "array", "items": ref("standing")},
                ref("standing"),
                ref("never_run"),
                ref("run_detail"),
            ]
        },
    ),
    "runs": (
        "docket runs --json, newest first",
        {"type": "array", "items": record({**RUN["properties"], "notified": NOTIFIED})},
    ),
    "wait": (
        "docket wait --json: of the one run that was named, or of several in a list",
        {
            "anyOf": [
                ref("run"),
                ref("wait_timeout"),
                {"type": "array", "items": {"anyOf": [ref("run"), ref("wait_timeout")]}},
            ]
        },
    ),
    "events": ("docket events --json, in order", {"type": "array", "items": ref("event")}),
    "list": ("docket list --json, by name", {"type": "array", "items": ref("listed")}),
    "logs": (
        "docket logs --json",
        record(
            {
                "run_id": RUN_KEY,
                "status": {"const": "ok", "description": "There is a log."},
                "path": or_null(text("The log file; null where the journal was read.")),
                "content": text("What the run printed; what is no UTF-8 is marked."),
                "source": text("Where it was read.", enum=["file", "journal"]),
                "task_name": text("The task."),
                "run_status": STATUS,
            }
        ),
    ),
    "cancel": ("docket cancel --json", ref("cancelled")),
    "logs-follow": (
        "One line of docket logs --follow --json",
        record(
            {"run_id": RUN_KEY, "content": text("One line, with its newline where it has one.")}
        ),
    ),
    "events-follow": ("One line of docket events --follow --json", ref("event")),
    "why": (
        "docket why --json",
        record(
            {
                "task_name": text("The task."),
                "at": or_null(instant("The instant that was asked about.")),
                "cause": text("Why, as a stable word: the error_code of a run, or one of its own."),
                "sentence": text("Why, in a sentence."),
                "evidence": words("What bears it out, in sentences."),
                "run": {
                    "anyOf": [ref("run"), {"type": "null"}],
                    "description": "The run that the answer is about; null where there was none.",
                },
                "fires": {
                    "type": "array",
                    "description": "The fires around it, and what became of each.",
                    "items": record(
                        {
                            "at": instant("The fire."),
                            "run_id": or_null(text("The run that was for it.")),
                            "outcome": text(
                                "The run's status, 'none', 'to come' or 'no timer then'."
                            ),
                        }
                    ),
                },
                "last_lines": words("The end of what the run printed."),
                "changes": words("What changed since the last success, in sentences."),
                "notes": words("What else keeps the task from running, in sentences."),
                "consecutive_failures": count("How many runs in a row did not succeed."),
                "last_success": or_null(text("The id of the last run that succeeded.")),
                "next_step": or_null(text("The command that comes next.")),
            }
        ),
    ),
    "describe": (
        "docket describe --json",
        record(
            {
                **TASK,
                "contract": table("How it is run, resolved; times in seconds, null no limit."),
                "units": record(
                    {"service": text("The service unit."), "timer": text("The timer unit.")}
                ),
                "sources": words("The files that the task comes from."),
                "warnings": words("What is doubtful, in sentences."),
                **NOW,
            },
            optional=tuple(NOW),
        ),
    ),
    "capabilities": (
        "docket capabilities --json: where an agent begins",
        CAPABILITIES,
    ),
    "doctor": (
        "docket doctor --json, without and with --agent",
        {
            "anyOf": [
                record(
                    {
                        "ok": flag("Whether nothing was found that does not work."),
                        "checks": rows("check", "Each check and its outcome."),
                    }
                ),
                AGENT_EXAMINATION,
            ]
        },
    ),
    "health": ("docket health --json", HEALTH),
    "notify": (
        "docket notify test --json",
        record(
            {
                "ok": flag("Whether every channel took the message."),
                "task": text("The task."),
                "channels": {
                    "type": "array",
                    "description": "What became of the message of each channel.",
                    "items": record(
                        {
                            "channel": text("The channel."),
                            "ok": flag("Whether the other side has taken the message."),
                            "state": text("delivered, failed, timed_out or failed_to_start."),
                            "exit_code": {
                                "type": ["integer", "null"],
                                "description": "Its answer: an HTTP status, for example.",
                            },
                            "stdout": text("What it answered."),
                            "stderr": text("What went wrong, in a sentence."),
                            "duration_seconds": {
                                "type": "number",
                                "minimum": 0,
                                "description": "How long it took.",
                            },
                        }
                    ),
                },
                "warnings": words("What else is to be said, in sentences."),
            }
        ),
    ),
    "maintain": (
        "docket maintain --json",
        record(
            {
                "ok": flag("Whether everything could be done."),
                "merged": count("Records that waited beside the database and are in it now."),
                "closed": count("Runs that were recorded as running and were not."),
                "missed": count("Fires that nothing ran for."),
                "swallowed": count("Fires that fell into a run."),
                "told": count("Runs for which hooks and notifications were made up for."),
                "pruned": table("By task: how many runs `retention` removed."),
                "problems": words("What could not be done, in sentences."),
            }
        ),
    ),
    "db": (
        "docket db check, backup or repair, --json",
        {"anyOf": [STORE_CHECK, STORE_BACKUP, STORE_REPAIR]},
    ),
    "db-export": ("One line of what docket db export prints", STORE_RECORD),
    "install": ("docket install --json", record(UNIT_REPORT, optional=("at_boot", "message"))),
    "install-list": (
        "docket install --list --json: by task",
        {"type": "object", "additionalProperties": ref("unit_texts")},
    ),
    "install-diff": ("docket install --diff --json", record(DIFFERENCE)),
    "next": (
        "docket next --json: of one task or expression, or of all tasks",
        {"anyOf": [ref("forecast"), {"type": "array", "items": ref("forecast")}]},
    ),
    "translate": ("docket translate --json", TRANSLATION),
    "translate-batch": (
        "One line of what docket translate --batch answers",
        {"anyOf": [ANSWERED, REFUSED]},
    ),
    "uninstall": ("docket uninstall --json", record(UNIT_REPORT, optional=("at_boot", "message"))),
    "import": ("docket import crontab --json", CRONTAB_IMPORT),
    "check": (
        "docket check --json",
        record({**CONFIG_REPORT, "tasks": words("The tasks that compile.")}),
    ),
    "configure": (
        "docket configure --json",
        record(
            {
                **CONFIG_REPORT,
                "created": flag("Whether the config was made."),
                "saved": flag("Whether what was edited is the config now."),
                "kept": or_null(text("Where a text that was not saved lies.")),
            }
        ),
    ),
    "schema": (
        "docket schema --json: a JSON Schema, names that it is asked for by, or the error codes",
        {
            "anyOf": [
                table("A JSON Schema."),
                words("Names for docket schema KIND."),
                {
                    "type": "array",
                    "items": record(
                        {
                            "code": text("The word that error_code is."),
                            "meaning": text("What it means."),
                            "what_to_do": text("What to do about it; empty where nothing is."),
                        }
                    ),
                },
            ]
        },
    ),
    "completion": (
        "docket completion --json",
        record({"shell": text("The shell."), "script": text("What it reads.")}),
    ),
    "eject": ("docket eject --json", EJECTION),
    "enable": ("docket enable --json", SWITCH_REPORT),
    "disable": ("docket disable --json", SWITCH_REPORT),
    "new-task": (
        "docket new-task --json",
        record(
            {
                "created": flag("Always true."),
                "task": text("The task's name."),
                "class_name": text("The class in the file."),
                "path": text("The file of the task."),
                "next_steps": words("What to do next, in order."),
                "test_path": text("The test beside it."),
                "test_command": text("The command that runs the test."),
                "warnings": words("What keeps the task from being used, in sentences."),
            }
        ),
    ),
    "pause": ("docket pause --json", PAUSE_REPORT),
    "resume": ("docket resume --json", PAUSE_REPORT),
    "skip-next": ("docket skip-next --json", PAUSE_REPORT),
}


def whole(title: str, schema: Schema) -> Schema:
    """Return the schema with every definition that it needs, and no other."""
    needed: Schema = {}
    waiting = [schema]
    while waiting:
        for name in sorted(_references(waiting.pop())):
            if name not in needed:
                needed[name] = DEFINITIONS[name]
                waiting.append(DEFINITIONS[name])
    document: Schema = {"$schema": DIALECT, "title": title, **schema}
    if needed:
        document["$defs"] = {name: needed[name] for name in sorted(needed)}
    return document


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()


def error_codes() -> str:
    """Return the table of error codes, read from the page that explains them."""
    with open(PAGE_OF_CODES, encoding="utf-8") as file:
        found = ROW_OF_CODES.findall(file.read())
    codes = [{"code": code, "meaning": meaning, "what_to_do": do} for code, meaning, do in found]
    return json.dumps(codes, indent=2) + "\n"


def files() -> dict[str, str]:
    """Return the text of every file, by its path."""
    schemas = {
        os.path.join(DIRECTORY, f"{name}.schema.json"): json.dumps(whole(title, schema), indent=2)
        + "\n"
        for name, (title, schema) in sorted(DOCUMENTS.items())
    }
    return {**schemas, CODES: error_codes()}


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which are not as they should be."""
    stale = []
    for path, content in files().items():
        before = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                before = file.read()
        if before == content:
            continue
        stale.append(os.path.basename(path))
        if "--check" not in arguments:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
    for name in stale:
        print(f"{name}: {'is stale' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

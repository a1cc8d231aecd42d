"""The shapes of what `doctor` and `db` answer."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from docket.model.jsonkinds import Count, Rule
from docket.model.shapes import ProblemDocument

_Database = Annotated[str, "The database."]
_Size = Annotated[Count, "Its size in bytes."]


class CheckDocument(TypedDict):
    """One check of the installation."""

    check: Annotated[str, "What was examined."]
    status: Annotated[str, Rule(enum=["ok", "warning", "missing", "error"]), "The outcome."]
    detail: Annotated[str, "What was found, in sentences; may be empty."]
    hint: Annotated[str | None, "What to do next."]
    error: NotRequired[Annotated[str, "The same as detail, if the status is error."]]
    path: NotRequired[Annotated[str, "The file or directory, or the PATH that tasks get."]]
    paths: NotRequired[Annotated[list[str], "Drop-ins that others wrote."]]
    problems: NotRequired[Annotated[list[ProblemDocument], "Every mistake with its place."]]
    tasks_found: NotRequired[Annotated[Count, "How many tasks there are."]]
    broken: NotRequired[Annotated[list[str], "Tasks that cannot be used."]]
    waiting: NotRequired[Annotated[Count, "Records of runs that wait for the database."]]
    refused: NotRequired[Annotated[list[str], "Spooled files that are not records."]]
    run_ids: NotRequired[
        Annotated[
            list[str],
            "Runs of dead runners, or the latest that lie in the future or were recorded late.",
        ]
    ]
    runs: NotRequired[Annotated[Count, "How many runs lie in the future, or were recorded late."]]
    history_bytes: NotRequired[Annotated[Count, "What the database takes, its WAL included."]]
    logs_bytes: NotRequired[Annotated[Count, "What the log files take."]]
    spool_bytes: NotRequired[Annotated[Count, "What the records that wait take."]]
    running: NotRequired[Annotated[Count, "How many runs are recorded as running."]]
    failed_units: NotRequired[Annotated[list[str], "Services that failed before there was a run."]]
    exposed: NotRequired[
        Annotated[dict[str, list[str]], "Secret files that others can read or change, by task."]
    ]
    doubtful: NotRequired[
        Annotated[dict[str, list[str]], "Doubtful lines of environment files, by task."]
    ]
    missing: NotRequired[
        Annotated[dict[str, list[str]], "What a task needs and is missing, by task."]
    ]
    without_effect: NotRequired[
        Annotated[dict[str, list[str]], "Limits that this machine cannot hold, by task."]
    ]
    version: NotRequired[Annotated[Count, "The version of systemd."]]
    scheduled_tasks: NotRequired[Annotated[list[str], "Tasks that need timers."]]
    scheduled: NotRequired[Annotated[Count, "How many tasks have timers."]]
    troubles: NotRequired[
        Annotated[dict[str, str], "Why a timer or path unit starts nothing, by task."]
    ]
    drifts: NotRequired[
        Annotated[list[str], "How unit files differ from the config, in sentences."]
    ]
    hand_edits: NotRequired[Annotated[list[str], "Unit files that were edited by hand."]]
    left_over: NotRequired[Annotated[list[str], "Unit files that belong to no task."]]
    last_good: NotRequired[Annotated[list[str], "Tasks that run by their last good plan."]]
    damaged_plans: NotRequired[Annotated[list[str], "Tasks whose plan cannot be used."]]
    persistent: NotRequired[Annotated[bool, "Whether the journal survives a reboot."]]
    readable: NotRequired[Annotated[bool, "Whether the journal can be read."]]


class ExaminationDocument(TypedDict):
    """The state of the installation."""

    ok: Annotated[bool, "Whether everything works."]
    checks: Annotated[list[CheckDocument], "Each check with its outcome."]


class AgentCheckDocument(TypedDict):
    """One thing that an agent relies on."""

    name: Annotated[str, "What was checked; of a task with its name and a colon before it."]
    ok: Annotated[bool, "Whether it is so."]
    detail: NotRequired[Annotated[str, "What was seen."]]


class AgentExaminationDocument(TypedDict):
    """The state of the installation and of each task."""

    healthy: Annotated[bool, "Whether every check is good."]
    checks: Annotated[list[AgentCheckDocument], "What an agent relies on."]
    installation_checks: Annotated[list[CheckDocument], "What `docket doctor` answers."]


class StoreCheckDocument(TypedDict):
    """The state of the database."""

    ok: Annotated[bool, "Whether the database is sound."]
    action: Annotated[Literal["check"], "What was asked for."]
    path: _Database
    exists: Annotated[bool, "Whether it exists; the first run makes it."]
    bytes: _Size
    runs: Annotated[Count | None, "How many runs it holds; null if they cannot be counted."]
    problems: Annotated[list[str], "What is wrong, in sentences."]
    waiting: Annotated[Count, "How many spooled records wait to be merged."]
    refused: Annotated[list[str], "Spooled files that are not records."]


class StoreBackupDocument(TypedDict):
    """A copy of the database."""

    ok: Annotated[bool, "Always true."]
    action: Annotated[Literal["backup"], "What was asked for."]
    path: _Database
    copy: Annotated[str, "The copy."]
    bytes: _Size


class StoreRepairDocument(TypedDict):
    """A repair of the database."""

    ok: Annotated[bool, "Always true: the database is sound now."]
    action: Annotated[Literal["repair"], "What was asked for."]
    path: _Database
    repaired: Annotated[bool, "Whether anything was wrong."]
    runs: Annotated[Count, "How many runs it holds now."]
    merged: Annotated[Count, "How many spooled records were merged."]
    kept: Annotated[str | None, "Where the broken file is kept."]
    problems: Annotated[list[str], "What was wrong, in sentences."]


class StoreCompactDocument(TypedDict):
    """A database that was written again without the room of removed runs."""

    ok: Annotated[bool, "Always true."]
    action: Annotated[Literal["compact"], "What was asked for."]
    path: _Database
    bytes_before: Annotated[Count, "Its size before, with the WAL."]
    bytes: _Size
    complete: Annotated[bool, "Whether all room was given back; if not, the next `maintain` does."]


class StoreRecordDocument(TypedDict):
    """One line of an export."""

    record: Annotated[
        str,
        Rule(
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
            ]
        ),
        "What the line holds; the other keys are the columns of that table.",
    ]
    records: NotRequired[Annotated[Count, "In the last line: how many records precede it."]]
    schema_version: NotRequired[Annotated[Count, "In the first line: the version of the tables."]]


ExportLine = Annotated[StoreRecordDocument, Rule(additionalProperties=True)]

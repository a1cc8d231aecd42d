"""The shapes of what `import crontab` answers."""

from __future__ import annotations

from typing import Annotated, TypedDict

from docket.model.jsonkinds import Count, Rule
from docket.model.shapes import ProblemDocument


class MinuteDocument(TypedDict):
    """A minute in which only one of the two runs the job."""

    at: Annotated[str, "The minute, ISO 8601 with the offset of the schedule's zone."]
    cron: Annotated[bool, "Whether cron runs the job in it."]
    docket: Annotated[bool, "Whether the timer fires in it."]
    cause: Annotated[str, Rule(enum=["daylight_saving", "meaning"]), "Why."]


class ProofDocument(TypedDict):
    """A comparison of a timer with cron, minute by minute."""

    cron: Annotated[
        str,
        Rule(enum=["Debian's cron and cronie", "cronie", "Debian's cron"]),
        "The cron that it is compared with. Of CRON_TZ, which only cronie reads, it is cronie.",
    ]
    identical: Annotated[bool, "Whether both run the job in the same minutes."]
    fires: Annotated[Count, "How often cron runs it."]
    until: Annotated[str, "The last day, in UTC, that was compared."]
    differing: Annotated[Count, "In how many minutes only one of them runs it."]
    by_daylight_saving: Annotated[Count, "How many of these are due to a change of the clocks."]
    differences: Annotated[
        list[MinuteDocument], "The first 100 of them; those of another meaning come first."
    ]
    dates: Annotated[list[str], "All days on which a change of the clocks makes a difference."]


class ImportedTaskDocument(TypedDict):
    """One line of a crontab as a task."""

    name: Annotated[str, "The task's name, made from its command."]
    file: Annotated[str, "The crontab."]
    line: Annotated[Count, "The line in it."]
    source: Annotated[str, "The text of the line."]
    schedule: Annotated[str, "The cron expression or macro."]
    timezone: Annotated[str | None, "The zone, if CRON_TZ names one."]
    command: Annotated[list[str], "The words of the command."]
    user: Annotated[str | None, "The user, if the crontab names one."]
    enabled: Annotated[bool, "Whether the task is enabled; not if no task can run as its user."]
    proof: Annotated[ProofDocument | None, "The comparison with cron; null for @reboot."]
    debian_proof: Annotated[
        ProofDocument | None,
        "The comparison with Debian's cron, which ignores CRON_TZ; null without CRON_TZ.",
    ]


class CrontabImportDocument(TypedDict):
    """Crontabs as tasks."""

    ok: Annotated[bool, "Whether every line became a task that fires as it did."]
    tasks: Annotated[list[ImportedTaskDocument], "The tasks, in order."]
    problems: Annotated[
        list[ProblemDocument], "The lines that were left out or that fire differently."
    ]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]
    yaml: Annotated[str, "The tasks as a config."]
    output: Annotated[str | None, "The file that it was written to; with --append the config."]
    appended: Annotated[bool, "Whether the tasks were put into the config."]

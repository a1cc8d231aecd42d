"""The shapes of what `install`, `uninstall`, `enable`, `disable` and `eject` answer."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from docket.app.fires.shapes import FireDocument
from docket.model.jsonkinds import Count, Instant, Rule
from docket.model.shapes import ProblemDocument


class UnitTextsDocument(TypedDict):
    """The units of one task as text."""

    schedule: Annotated[str, "The triggers as written, with commas between them."]
    schedules: NotRequired[Annotated[list[str], "The triggers as written."]]
    service: Annotated[str, "The service unit."]
    timer: Annotated[str | None, "The timer unit; null if the task has no times."]
    path: Annotated[str | None, "The path unit; null if the task watches no path."]


class TimerTextDocument(TypedDict):
    """A timer or path unit as it is or will be."""

    lines: Annotated[list[str], "Its directives that say when it starts the task."]
    fires: Annotated[list[FireDocument], "Its next fires, if it has a calendar."]


class FireChangeDocument(TypedDict):
    """How the fires of a task change."""

    task: Annotated[str, "The task."]
    unit: Annotated[str, "The timer or path unit."]
    before: Annotated[TimerTextDocument | None, "Null if there is no such unit yet."]
    after: Annotated[TimerTextDocument | None, "Null if there will be no such unit."]


class UnitChangeDocument(TypedDict):
    """What happens to one unit file."""

    unit: Annotated[str, "The name of the unit file."]
    path: Annotated[str, "Its path."]
    task: Annotated[str, "Its task."]
    action: Annotated[
        str,
        Rule(enum=["create", "update", "remove", "unchanged", "kept"]),
        "What install does with it.",
    ]
    reason: Annotated[str | None, "Why it is kept."]
    diff: Annotated[str, "The change as a unified diff."]


class DifferenceDocument(TypedDict):
    """What an install would change."""

    ok: Annotated[bool, "Whether every task can be installed."]
    changes: Annotated[list[UnitChangeDocument], "Each unit file."]
    next_fires: Annotated[
        list[FireChangeDocument], "The triggers and next fires before and after, where they change."
    ]
    timers_to_restart: Annotated[list[str], "Active timers and path units that would be restarted."]
    problems: Annotated[list[ProblemDocument], "What is wrong with tasks."]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]


class HashedFileDocument(TypedDict):
    """A file that a plan of an install depends on."""

    path: Annotated[str, "Its path."]
    sha256: Annotated[str | None, "The hash of its contents; null if there is no such file."]


class PlannedFileDocument(TypedDict):
    """What a plan of an install does to one file."""

    path: Annotated[str, "Its path."]
    kind: Annotated[str, Rule(enum=["unit", "plan"]), "A unit, or the plan that its runs obey."]
    task: Annotated[str, "Its task."]
    action: Annotated[
        str,
        Rule(enum=["create", "update", "replace", "remove", "unchanged", "kept"]),
        "What is done with it.",
    ]
    before: Annotated[str | None, "The SHA-256 of its text now; null if there is none."]
    after: Annotated[str | None, "The SHA-256 of its text afterwards; null if it is removed."]


class InstallPlanDocument(TypedDict):
    """What an install would change, as `install --plan` writes it and `--apply` does it."""

    plan_format: Annotated[Count, "The version of this form: 1."]
    made_at: Annotated[Instant, "When the plan was made."]
    version: Annotated[str, "The version of Docket."]
    system: Annotated[bool, "Whether it is for the system scope."]
    home: Annotated[str, "The home that it is for."]
    tasks: Annotated[list[str], "The tasks that were named; none means all."]
    force: Annotated[bool, "Whether files that were edited by hand are replaced."]
    now: Annotated[bool, "Whether the timers are enabled and started."]
    linger: Annotated[bool, "Whether linger is turned on."]
    config: Annotated[list[HashedFileDocument], "The files that the tasks come from."]
    drop_ins: Annotated[list[HashedFileDocument], "The drop-ins beside the units."]
    files: Annotated[list[PlannedFileDocument], "Every unit and plan, by path."]
    timers_to_restart: Annotated[list[str], "Active timers and path units that are restarted."]
    problems: Annotated[list[ProblemDocument], "What is wrong with tasks."]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]


class UnitReportDocument(TypedDict):
    """What an install or an uninstall did."""

    ok: Annotated[bool, "Whether everything was done."]
    installed: Annotated[list[str], "The paths of all unit files of the selected tasks."]
    count: Annotated[Count, "How many those are."]
    created: Annotated[list[str], "Files that are new."]
    updated: Annotated[list[str], "Files that were changed."]
    replaced: Annotated[list[str], "Files of docket-cli that Docket's replaced."]
    copies: Annotated[str | None, "Where docket-cli's files are kept; null if there were none."]
    removed: Annotated[list[str], "Files that were removed."]
    kept: Annotated[list[str], "Files that differ and were left as they are."]
    unchanged: Annotated[Count, "How many files were as they should be."]
    reloaded: Annotated[bool, "Whether the service manager reloaded its files."]
    enabled: Annotated[list[str], "Timers and path units that were enabled."]
    started: Annotated[list[str], "Timers and path units that were started."]
    restarted: Annotated[list[str], "Active ones that changed and were restarted."]
    not_started: Annotated[list[str], "One-shot timers whose instants are past."]
    pending: Annotated[list[str], "Commands that are still to be run by hand."]
    next_command: Annotated[str | None, "The command that enables and starts the timers."]
    linger: Annotated[
        bool | None, "Whether the user's timers keep running after logout; null if not known."
    ]
    maintenance: Annotated[list[str], "The maintenance units that were written or removed."]
    problems: Annotated[list[ProblemDocument], "What is wrong with tasks."]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]
    at_boot: NotRequired[Annotated[list[str], "Timers that start at the next boot only."]]
    programs: Annotated[dict[str, str], "The path of the program that a task runs, by task."]
    message: NotRequired[Annotated[str, "Why there was nothing to do."]]


class SwitchReportDocument(TypedDict):
    """What `enable` or `disable` did."""

    ok: Annotated[bool, "Always true."]
    timers: Annotated[list[str], "The timers and path units."]
    not_started: Annotated[list[str], "One-shot timers whose instants are past."]
    at_boot: NotRequired[Annotated[list[str], "Timers that start at the next boot only."]]
    followers: Annotated[list[str], "Tasks that start after others from now on, or do not."]
    count: Annotated[Count, "How many timers and path units."]


class EjectedTaskDocument(TypedDict):
    """One task as plain units."""

    task: Annotated[str, "The task."]
    units: Annotated[dict[str, str], "The text of each unit, by its name."]
    lost: Annotated[list[str], "What Docket did and the units do not, in sentences."]


class EjectionDocument(TypedDict):
    """Tasks as plain units that need no Docket."""

    ok: Annotated[bool, "Whether everything was done."]
    tasks: Annotated[list[EjectedTaskDocument], "The tasks."]
    directory: Annotated[str | None, "Where the units were written; null if nowhere."]
    written: Annotated[list[str], "The files that were written."]
    removed: Annotated[list[str], "Docket's own files that were removed."]
    enabled: Annotated[list[str], "The timers and path units that were enabled."]
    started: Annotated[list[str], "The timers and path units that were started."]
    next_steps: Annotated[list[str], "Commands that are still to be run by hand."]
    problems: Annotated[list[ProblemDocument], "What could not be done."]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]

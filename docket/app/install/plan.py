"""What an install is about to do, and what it did: the values that the commands show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docket.app.catalog.compilation import Compilation
from docket.app.install.changes import EDITED, Action, Change
from docket.compiler.bundle import Bundle
from docket.model.names import STARTERS, path_unit, service_unit, timer_unit
from docket.model.problem import Problem
from docket.model.record import Record, field

if TYPE_CHECKING:
    from docket.app.install.shapes import UnitReportDocument

_MOST_NAMED = 20


class PlanFile(Record):
    """One plan that is written, or removed if `after` is None."""

    task: str
    path: str
    before: str | None
    after: str | None


class InstallPlan(Record):
    """Every change that an install would make; `changes` has the unchanged files too."""

    compilation: Compilation
    names: tuple[str, ...]  # the tasks that were asked for; none means all
    force: bool
    changes: tuple[Change, ...]
    plans: tuple[PlanFile, ...]
    upkeep: tuple[Change, ...] = ()  # the maintenance units, which belong to no task

    @property
    def every(self) -> tuple[Change, ...]:
        """The changes of the tasks' units, then of the maintenance units."""
        return (*self.changes, *self.upkeep)

    @property
    def dirty(self) -> bool:
        """Whether a unit file would be written or removed."""
        return any(c.action.writes or c.action is Action.REMOVE for c in self.every)

    @property
    def timers_to_restart(self) -> tuple[str, ...]:
        """The timers and path units with new contents; those that are active are restarted."""
        return tuple(change.name for change in self.every if change.retimes)

    @property
    def timers_to_remove(self) -> tuple[str, ...]:
        """The timers and path units that are stopped, cleaned of their stamps and removed."""
        return tuple(
            change.name
            for change in self.every
            if change.is_starter and change.action is Action.REMOVE
        )

    @property
    def from_reference(self) -> tuple[Change, ...]:
        """The changes to files that docket-cli wrote."""
        return tuple(change for change in self.every if change.from_reference)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The mistakes of the config, and the files that are in the way."""
        return (
            *self.compilation.problems,
            *(self._in_the_way(change) for change in self.every if change.in_the_way),
        )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The doubts about the config, and the hand edits that are kept."""
        return (
            *self.compilation.warnings,
            *self._heeded_now(),
            *(
                Problem(
                    f"{change.path} {EDITED} and is kept.",
                    None,
                    hint="`docket install --force` replaces it, `--diff` shows the edit.",
                    code="install.kept",
                    task=change.task,
                )
                for change in self.every
                if change.action is Action.KEPT and change.reason == EDITED
            ),
        )

    def _heeded_now(self) -> tuple[Problem, ...]:
        """What docket-cli ignored; reported once, when its units are replaced."""
        tasks = sorted(
            name for name, bundle in self.compilation.bundles.items() if bundle.task.notify
        )
        if not tasks or not self.from_reference:
            return ()
        sentence = (
            "docket-cli read the key `on` of `notify` as `true` and ignored it; Docket applies "
            f"it, for {', '.join(tasks[:_MOST_NAMED])}"
            f"{' and more' if len(tasks) > _MOST_NAMED else ''}."
        )
        return (Problem(sentence, None, hint="docket notify test TASK", code="install.heeded"),)

    def scheduled(self) -> Mapping[str, Bundle]:
        """Return the compiled tasks that have timers or path units of ours, by the units' names."""
        foreign = {change.task for change in self.changes if change.in_the_way}
        return {
            unit: bundle
            for task, bundle in self.compilation.bundles.items()
            for unit in bundle.units
            if task not in foreign and unit.endswith(STARTERS)
        }

    def _in_the_way(self, change: Change) -> Problem:
        return Problem(
            f"{change.path} {change.reason}; it is left as it is, and the task is not installed.",
            None,
            hint="Move it away, then install again.",
            code="install.foreign_file",
            task=change.task,
        )

    def listing(self) -> dict[str, Any]:
        """Return the unit texts as `install --list` shows them: by task, with its schedule."""
        instance = self.compilation.place.instance
        return {
            task: {
                "schedule": [spec.listed for spec in bundle.task.schedules],
                "service": bundle.units[service_unit(task, instance)],
                "timer": bundle.units.get(timer_unit(task, instance)),
                "path": bundle.units.get(path_unit(task, instance)),
            }
            for task, bundle in self.compilation.bundles.items()
            if bundle.units
        }


class InstallReport(Record):
    """What an install did. `pending` are commands that are still to be run by hand.

    `next_command` enables and starts the timers that are not enabled yet, None if all are.
    `linger` is None if it does not matter or is not known.
    """

    installed: tuple[str, ...]  # paths of all unit files of the selected tasks
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()  # files that were docket-cli's
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    unchanged: int = 0
    programs: Mapping[str, str] = field(default_factory=dict)  # the program of each command task
    reloaded: bool = False
    enabled: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    not_started: tuple[str, ...] = ()  # one-shot timers whose instants are past
    pending: tuple[str, ...] = ()
    next_command: str | None = None
    linger: bool | None = None
    copies: str | None = None  # the directory where files that were docket-cli's are kept
    upkeep: tuple[str, ...] = ()  # the maintenance units that were written or removed
    triggered: bool = False  # something starts at least one of the tasks by itself
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done."""
        return not self.problems

    @classmethod
    def begin(cls, plan: InstallPlan) -> InstallReport:
        """Return the report of the file changes in `plan`, taken as made."""

        def paths(*actions: Action) -> tuple[str, ...]:
            return tuple(change.path for change in plan.changes if change.action in actions)

        return cls(
            installed=paths(Action.CREATE, Action.UPDATE, Action.REPLACE, Action.UNCHANGED),
            created=paths(Action.CREATE),
            updated=paths(Action.UPDATE),
            replaced=paths(Action.REPLACE),
            removed=paths(Action.REMOVE),
            kept=paths(Action.KEPT),
            unchanged=len(paths(Action.UNCHANGED)),
            programs={
                task: bundle.plan.argv[0]
                for task, bundle in plan.compilation.bundles.items()
                if bundle.plan.argv
            },
            upkeep=tuple(
                change.path
                for change in plan.upkeep
                if change.action.writes or change.action is Action.REMOVE
            ),
            triggered=any(
                bundle.units and bundle.task.schedules
                for bundle in plan.compilation.bundles.values()
            ),
            problems=plan.problems,
            warnings=plan.warnings,
        )

    def document(self) -> UnitReportDocument:
        """The report as a JSON object; `installed` and `count` are the reference program's keys."""
        return {
            "ok": self.ok,
            "installed": list(self.installed),
            "count": len(self.installed),
            "created": list(self.created),
            "updated": list(self.updated),
            "replaced": list(self.replaced),
            "copies": self.copies,
            "removed": list(self.removed),
            "kept": list(self.kept),
            "unchanged": self.unchanged,
            "reloaded": self.reloaded,
            "enabled": list(self.enabled),
            "started": list(self.started),
            "restarted": list(self.restarted),
            "not_started": list(self.not_started),
            "programs": dict(self.programs),
            "pending": list(self.pending),
            "next_command": self.next_command,
            "linger": self.linger,
            "maintenance": list(self.upkeep),
            "problems": [problem.document() for problem in self.problems],
            "warnings": [problem.document() for problem in self.warnings],
        }

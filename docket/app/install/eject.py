"""`docket eject`: tasks as plain units that need no Docket, shown, written, or put in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from docket.app.catalog.compilation import compile_tasks
from docket.app.fires.switches import Switches
from docket.app.install.changes import Change, task_of
from docket.app.install.lock import install_lock
from docket.app.install.notes import systemctl
from docket.app.install.removal import own_units, uninstall
from docket.app.install.timerchoice import is_past, stamp_of
from docket.app.install.tolerantmanager import TolerantManager
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.session.session import Session
from docket.compiler.bundle import Bundle
from docket.compiler.ejected import BOOT_SUFFIX, ejected_units, losses
from docket.compiler.timer import waits_for_boot
from docket.config.yaml.safety import refuse_place_of_another
from docket.errors import BrokenTaskError, DocketError, InstallError
from docket.files import make_directory, write_batch, write_new
from docket.model.names import ALLOWED_SENTENCE, STARTERS, is_safe_name
from docket.model.problem import Mark, Problem
from docket.model.record import Record
from docket.model.task.task import Task
from docket.paths import Paths
from docket.systemd import stamps

if TYPE_CHECKING:
    from docket.app.install.shapes import EjectedTaskDocument, EjectionDocument

_USER_UNITS = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
_SYSTEM_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


class NotEjectableError(DocketError):
    """A task that cannot become a plain unit."""

    code = "eject.not_a_command"


class UnitTakenError(DocketError):
    """A unit of that name is there already."""

    code = "eject.taken"


class Ejected(Record):
    """One task as plain units: their texts by name, and what they do not do any more."""

    task: str
    units: Mapping[str, str]
    lost: tuple[str, ...]
    timers: tuple[str, ...]  # the timers and path units that are started at once
    at_boot: tuple[str, ...]  # timers that come with the next start of the machine
    mark: Mark | None = None  # if the config has the task

    @property
    def timed(self) -> bool:
        """Whether one of the units is a timer or a path unit."""
        return any(name.endswith(STARTERS) for name in self.units)

    def document(self) -> EjectedTaskDocument:
        """Return the task as a JSON object."""
        return {"task": self.task, "units": dict(self.units), "lost": list(self.lost)}


class EjectReport(Record):
    """The outcome for the units: `written` are paths, empty if they were only shown.

    `removed` are Docket's own files that went; `enabled` and `started` are timers. `next_steps` are
    commands that are left to be run.
    """

    ejected: tuple[Ejected, ...]
    directory: str | None = None
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything was done."""
        return not self.problems

    def document(self) -> EjectionDocument:
        """Return the report as a JSON object."""
        return {
            "ok": self.ok,
            "tasks": [ejected.document() for ejected in self.ejected],
            "directory": self.directory,
            "written": list(self.written),
            "removed": list(self.removed),
            "enabled": list(self.enabled),
            "started": list(self.started),
            "next_steps": list(self.next_steps),
            "problems": [problem.document() for problem in self.problems],
            "warnings": [warning.document() for warning in self.warnings],
        }


def preview(
    session: Session, names: Sequence[str], prefix: str = "", *, force: bool = False
) -> EjectReport:
    """Return the plain units of the tasks `names`, which are called `prefix` and the task's name.

    UnknownTaskError and BrokenTaskError for a name without a usable task, NotEjectableError for a
    Python task, CompileError if a value cannot be said in a unit file, UnitTakenError if the
    machine has a unit of that name and `force` is not given.
    """
    compilation = compile_tasks(session, tuple(dict.fromkeys(names)))
    for problem in compilation.problems:
        raise BrokenTaskError(problem.sentence, hint=problem.hint, task=problem.task)
    now_us = session.now_us()
    ejected = tuple(_ejected(bundle, prefix, now_us) for bundle in compilation.bundles.values())
    _require_free_names(session.paths, ejected, compilation.place.instance, force=force)
    return EjectReport(ejected, warnings=compilation.warnings)


def write_to(
    session: Session, directory: str, names: Sequence[str], prefix: str = "", *, force: bool = False
) -> EjectReport:
    """Write the plain units into `directory` and touch neither systemd nor Docket's own units."""
    plan = preview(session, names, prefix, force=force)
    target = os.path.abspath(directory)
    refuse_place_of_another(target, "a unit")
    return plan.replace(directory=target, written=_write(plan, target, force=force))


def replace_installed(
    session: Session, names: Sequence[str], prefix: str = "", *, force: bool = False
) -> EjectReport:
    """Put the plain units where Docket's own are, remove those, and switch over what was on.

    A new timer is started only after the old one is gone, so that no fire is served by both; a run
    under way goes on to its end. Nothing is done if Docket's own units were edited by hand.
    """
    plan = preview(session, names, prefix, force=force)
    paths, manager = session.paths, TolerantManager(session.units())
    tasks = [ejected.task for ejected in plan.ejected]
    with install_lock(paths):
        own = own_units(session, tasks)
        was_on = _switched_on(paths, own, manager)
        _require_unedited(own)
        written = _write(plan, paths.unit_dir, force=force)
    gone = uninstall(session, tasks)
    manager.do("reload its units", lambda units: units.reload())
    on = [ejected for ejected in plan.ejected if ejected.task in was_on]
    enabled, started = _switch_on(session, on, manager)
    note_changes(session, _made_plain(plan, paths.unit_dir))
    return plan.replace(
        directory=paths.unit_dir,
        written=written,
        removed=gone.removed,
        enabled=enabled,
        started=started,
        next_steps=_left_to_do(paths, plan, started, manager),
        problems=(*gone.problems, *manager.problems),
        warnings=(*plan.warnings, *(_still_configured(one) for one in plan.ejected if one.timed)),
    )


def _made_plain(plan: EjectReport, directory: str) -> Iterator[ChangeRow]:
    """Yield what each task got in place of Docket's units, whose removal has rows of its own."""
    for one in plan.ejected:
        paths = sorted(os.path.join(directory, name) for name in one.units)
        yield ChangeRow("eject", one.task, {"plain_units": []}, {"plain_units": paths})


def _still_configured(ejected: Ejected) -> Problem:
    return Problem(
        f"The config still schedules '{ejected.task}': the next `docket install` makes units of"
        " Docket's again, and then both run.",
        ejected.mark,
        hint="Take the task out, or write `enabled: false` in it.",
        code="eject.still_configured",
        task=ejected.task,
    )


def _ejected(bundle: Bundle, prefix: str, now_us: int) -> Ejected:
    task, timing = bundle.task, bundle.timing if bundle.task.enabled else None
    stem = prefix + task.name
    if not is_safe_name(stem):
        raise InstallError(f"No unit can be called {stem!a}.", hint=f"{ALLOWED_SENTENCE}.")
    units = ejected_units(task, timing, _words(task, bundle), stem)
    over = is_past(bundle, now_us)
    starters = [name for name in units if name.endswith(STARTERS)]
    timers = [name for name in starters if not (over and name.endswith(".timer"))]
    boot = f"{stem}{BOOT_SUFFIX}.timer"
    at_boot = [
        name
        for name in timers
        if name == boot or (timing is not None and waits_for_boot(name, timing))
    ]
    return Ejected(
        task.name,
        units,
        losses(task),
        timers=tuple(name for name in timers if name not in at_boot),
        at_boot=tuple(at_boot),
        mark=task.mark,
    )


def _words(task: Task, bundle: Bundle) -> tuple[str, ...]:
    words = tuple(bundle.plan.argv)
    if task.command is None or not words:
        raise NotEjectableError(
            f"Task '{task.name}' is a Python task, and no plain unit can run one.",
            hint="Make a program of it, and run that as a task with `type: command`.",
            task=task.name,
        )
    if not words[0].startswith("/"):
        raise NotEjectableError(
            f"The program {words[0]!a} of task '{task.name}' is not there, and a unit needs its "
            "whole path.",
            hint="Install it, or write its path.",
            task=task.name,
        )
    return words


def _require_free_names(
    paths: Paths, ejected: Sequence[Ejected], instance: str, *, force: bool
) -> None:
    """Refuse names that are Docket's own, and those of units that the machine has already."""
    for name in (name for one in ejected for name in one.units):
        if task_of(name, instance) is not None:
            raise UnitTakenError(
                f"{name} is how Docket's own units are called.", hint="Choose another --prefix."
            )
        for directory in _SYSTEM_UNITS if paths.system else _USER_UNITS:
            path = os.path.join(directory, name)
            if not force and directory != paths.unit_dir and os.path.lexists(path):
                raise UnitTakenError(
                    f"The machine has a unit of that name already: {path}.",
                    hint="--prefix gives the units other names.",
                    file=path,
                )


def _require_unedited(own: Sequence[Change]) -> None:
    for change in own:
        if change.reason:
            raise InstallError(
                f"{change.path} {change.reason}, and that would be lost.",
                hint=f"Nothing was changed. `docket uninstall {change.task} --force` removes it.",
                task=change.task,
            )


def _write(plan: EjectReport, directory: str, *, force: bool) -> tuple[str, ...]:
    """Write all units; UnitTakenError if a file is there already and `force` is not given."""
    texts = {
        os.path.join(directory, name): text
        for ejected in plan.ejected
        for name, text in ejected.units.items()
    }
    taken = next((path for path in texts if not force and os.path.lexists(path)), None)
    if taken is not None:
        hint = "--prefix gives the units other names, --force replaces them."
        raise UnitTakenError(f"{taken} is there already.", hint=hint, file=taken)
    done: list[str] = []
    try:
        make_directory(directory, 0o755)
        if force:
            write_batch([(path, text, 0o600) for path, text in texts.items()], done)
        else:
            for path, text in texts.items():
                write_new(path, text)
                done.append(path)
    except OSError as error:
        raise InstallError(
            f"{error.filename or directory} could not be written: {error.strerror}. "
            f"{len(done)} units were written before it.",
            hint="Docket's own units were not touched.",
            written=done,
        ) from None
    return tuple(done)


def _switched_on(paths: Paths, own: Sequence[Change], manager: TolerantManager) -> frozenset[str]:
    """Return the tasks whose timers or path units are enabled or active."""
    timers = {change.name: change.task for change in own if change.is_starter}
    switches = Switches(paths)
    enabled = {task for name, task in timers.items() if switches.is_on(name)}
    active = manager.active(list(timers)) or frozenset()
    return frozenset(enabled | {timers[name] for name in active})


def _switch_on(
    session: Session, ejected: Sequence[Ejected], manager: TolerantManager
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    starting = [timer for one in ejected for timer in one.timers]
    wanted = [*starting, *(timer for one in ejected for timer in one.at_boot)]
    if not wanted or not manager.do("enable timers", lambda units: units.enable(wanted)):
        return (), ()
    manager.do("reload its units", lambda units: units.reload())
    for timer in starting:
        # Reset the stamp: an old timer of the same name must not catch up.
        stamps.touch(stamp_of(session, timer))
    return tuple(wanted), manager.start(starting)


def _left_to_do(
    paths: Paths, plan: EjectReport, started: Sequence[str], manager: TolerantManager
) -> tuple[str, ...]:
    reload = [systemctl(paths, "daemon-reload")] if manager.absent is not None else []
    idle = [timer for one in plan.ejected for timer in one.timers if timer not in started]
    return (*reload, *([systemctl(paths, "enable", "--now", *idle)] if idle else []))

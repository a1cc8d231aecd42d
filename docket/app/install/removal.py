"""Uninstalling, enabling and disabling what an install wrote; the config need not be in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from docket import __version__
from docket.app.catalog.compilation import Compilation, compile_tasks, require_task
from docket.app.catalog.configmemory import forget
from docket.app.catalog.planfiles import plans
from docket.app.catalog.taskclasses import load_again
from docket.app.fires.missed import look
from docket.app.fires.switches import Switches
from docket.app.install.apply import InstallRun
from docket.app.install.changes import EDITED, Action, Change, task_of
from docket.app.install.install import list_units
from docket.app.install.lock import install_lock
from docket.app.install.plan import InstallPlan, InstallReport, PlanFile
from docket.app.install.referenceunits import reference_units
from docket.app.install.timerchoice import TimerChoice, stamp_of
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.session.session import Session
from docket.compiler.bundle import Place
from docket.compiler.header import Header, split
from docket.config.yaml.safety import refuse_place_of_another
from docket.errors import ConfigError, DocketError, InstallError
from docket.files import read_text
from docket.model.names import MAINTENANCE, is_safe_name
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.task.task import Config
from docket.systemd import stamps

if TYPE_CHECKING:
    from docket.app.install.shapes import SwitchReportDocument


class SwitchReport(Record):
    """The timers and path units that were switched on or off, by unit name.

    `not_started` have only instants that are over and stay as they are; `at_boot` are enabled and
    come with the next start of the machine (or of the user's manager). `followers` are the tasks
    that start after others from now on, or do not.
    """

    timers: tuple[str, ...]
    not_started: tuple[str, ...] = ()
    at_boot: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()

    def document(self) -> SwitchReportDocument:
        """The report as a JSON object."""
        return {
            "ok": True,
            "timers": list(self.timers),
            "not_started": list(self.not_started),
            "at_boot": list(self.at_boot),
            "followers": list(self.followers),
            "count": len(self.timers),
        }


def uninstall(
    session: Session, names: Sequence[str] = (), *, everything: bool = False, force: bool = False
) -> InstallReport:
    """Stop, disable and remove the units of the tasks `names`, or with `everything` of all tasks.

    Their stamps, failed states and plans go with them; history and logs stay. A file that was
    edited by hand is kept, unless `force` is given. UnknownTaskError for a name that is neither a
    task's nor has units on disk.
    """
    with install_lock(session.paths):
        config = _config_if_any(session)
        instance = _instance(session, config)
        units = [*_own_units(session, instance), *_units_of_reference(session, instance)]
        found = [change for change in units if change.task != MAINTENANCE]
        on_disk = {change.task for change in found}
        if not everything:
            for name in names:
                require_task(name, {*on_disk, *_names_in(config)})
        wanted = on_disk if everything else set(names)
        changes = tuple(_decided(c, force=force) for c in found if c.task in wanted)
        kept = {change.task for change in changes if change.action is Action.KEPT}
        # A task is removed completely or not at all.
        plan = InstallPlan(
            _nothing_compiled(session, instance),
            tuple(names),
            force=force,
            changes=tuple(c for c in changes if c.task not in kept or c.action is Action.KEPT),
            plans=_plans(session, None if everything else wanted - kept, kept),
            upkeep=tuple(
                _decided(change, force=force)
                for change in units
                if change.task == MAINTENANCE and wanted - kept >= on_disk
            ),
        )
        report = InstallRun(session, plan, start_timers=False, linger=False).run()
        note_changes(session, _removals(plan))
        if everything:
            forget(session.paths)
        return report.replace(problems=(*report.problems, *_kept_problems(changes)), warnings=())


def enable(session: Session, names: Sequence[str] = ()) -> SwitchReport:
    """Enable and start the installed timers of the tasks `names` (none: of all); starts no task.

    What a timer did not fire while it was off does not count as missed. BusError if there is no
    service manager, InstallError if a task has no timer on disk.
    """
    with install_lock(session.paths):
        followers = _followers(session, names)
        timers = _timers(session, names, followers)
        _switch_followers(session, followers, on=True)
        if not timers:
            return SwitchReport((), followers=followers)
        choice = _choice(session, list(timers))
        wanted = [timer for timer in timers if timer not in choice.past]
        units = session.units()
        were_on = _on(session, wanted)
        if wanted:
            units.enable(wanted)
            units.reload()
            startable = [timer for timer in wanted if timer not in choice.at_boot]
            active = units.active(startable)
            idle = [timer for timer in startable if timer not in active]
            for timer in idle:
                stamps.touch(stamp_of(session, timer))
            units.start(idle)
            Switches(session.paths).keep(wanted)
            note_changes(session, _switched("enable", were_on, timers, wanted))
        at_boot = tuple(sorted(choice.at_boot))
        return SwitchReport(tuple(wanted), choice.past, at_boot, followers)


def disable(session: Session, names: Sequence[str] = ()) -> SwitchReport:
    """Stop and disable the installed timers of the tasks `names` (none: of all).

    A run under way goes on to its end. BusError if there is no service manager.
    """
    with install_lock(session.paths):
        followers = _followers(session, names)
        timers = _timers(session, names, followers)
        _switch_followers(session, followers, on=False)
        if not timers:
            return SwitchReport((), followers=followers)
        units = session.units()
        look(session)  # from now on nothing shows since when the timers were on
        wanted = list(timers)
        Switches(session.paths).keep(wanted)
        were_on = _on(session, wanted)
        units.stop(wanted)
        units.disable(wanted)
        units.reload()
        note_changes(session, _switched("disable", were_on, timers, wanted))
        return SwitchReport(tuple(wanted), followers=followers)


def _on(session: Session, timers: Sequence[str]) -> frozenset[str]:
    switches = Switches(session.paths)
    return frozenset(timer for timer in timers if switches.is_on(timer))


def _switched(
    verb: str, were_on: frozenset[str], tasks: Mapping[str, str], timers: Sequence[str]
) -> Iterator[ChangeRow]:
    """Yield the switch of each timer; `tasks` has the task of each."""
    for timer in timers:
        before, after = {timer: timer in were_on}, {timer: verb == "enable"}
        yield ChangeRow(verb, tasks[timer], before, after)


def _removals(plan: InstallPlan) -> Iterator[ChangeRow]:
    found: dict[str, list[str]] = {}
    for change in plan.every:
        if change.action is Action.REMOVE:
            found.setdefault(change.task, []).append(change.name)
    for task, names in found.items():
        yield ChangeRow("uninstall", task, {"units": sorted(names)}, {"units": []})


def own_units(session: Session, tasks: Sequence[str]) -> list[Change]:
    """Return the unit files of `tasks` that this home has made; `reason` says why one is kept."""
    instance = _instance(session, _config_if_any(session))
    return [change for change in _own_units(session, instance) if change.task in tasks]


def _followers(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    """Return the installed tasks that start after others, of `names` (none: of all)."""
    installed = (plan for plan in plans(session.paths) if plan.after and plan.unit_hashes)
    return tuple(plan.task for plan in installed if not names or plan.task in names)


def _switch_followers(session: Session, tasks: Sequence[str], *, on: bool) -> None:
    switches = Switches(session.paths)
    off = switches.followers_off()
    try:
        switches.switch_followers(tasks, on=on)
    except OSError as error:
        raise InstallError(f"{error.filename} cannot be written: {error.strerror}.") from error
    verb = "enable" if on else "disable"
    note_changes(
        session,
        [ChangeRow(verb, task, {"follows": task not in off}, {"follows": on}) for task in tasks],
    )


def _timers(session: Session, names: Sequence[str], followers: Sequence[str]) -> dict[str, str]:
    """Return the installed timers and path units of the tasks, each with its task."""
    config = _config_if_any(session)
    instance = _instance(session, config)
    # The maintenance timer follows the tasks' timers by itself.
    units = _own_units(session, instance)
    own = [change for change in units if change.is_starter and change.task != MAINTENANCE]
    installed = {change.task for change in own}
    for name in names:
        require_task(name, {*installed, *_names_in(config)})
        if name not in installed and name not in followers:
            task = config.tasks.get(name) if config else None
            raise InstallError(
                f"Task '{name}' has no timer installed.",
                hint="Give it a `schedule`, then run `docket install`."
                if task is not None and not (task.timed or task.paths)
                else f"Run: docket install {name}",
                task=name,
            )
    return {change.name: change.task for change in own if not names or change.task in names}


def _choice(session: Session, timers: Sequence[str]) -> TimerChoice:
    """Return which of `timers` may be started, as far as the config says."""
    try:
        bundles = compile_tasks(session).bundles
    except DocketError:
        bundles = {}
    compiled = {unit: bundle for bundle in bundles.values() for unit in bundle.units}
    known = {timer: compiled[timer] for timer in timers if timer in compiled}
    return TimerChoice(known, session.now_us())


def _config_if_any(session: Session) -> Config | None:
    try:
        return load_again(session)
    except ConfigError:
        return None


def _instance(session: Session, config: Config | None) -> str:
    """The instance; an unreadable config is assumed not to name one."""
    return (config.instance if config else "") or session.paths.instance_key


def _names_in(config: Config | None) -> set[str]:
    if config is None:
        return set()
    return {*config.tasks, *(p.task for p in config.problems if p.task is not None)}


def _own_units(session: Session, instance: str) -> list[Change]:
    directory = session.paths.unit_dir
    refuse_place_of_another(directory, "a unit")
    found = []
    for name in list_units(directory, instance):
        path = os.path.join(directory, name)
        header = _header(path)
        task = task_of(name, instance)
        if task is not None and header is not None and _is_own(session, header, instance):
            reason = EDITED if header.edited else ""
            found.append(Change(name, path, task, Action.REMOVE, None, None, reason))
    return found


def _units_of_reference(session: Session, instance: str) -> list[Change]:
    """Return the removal of every unit that docket-cli wrote."""
    directory = session.paths.unit_dir
    texts: dict[str, str | None] = {}
    for name in list_units(directory, instance):
        with suppress(OSError):  # a link or a file of somebody else's
            texts[name] = read_text(os.path.join(directory, name))
    return [
        Change(
            name,
            os.path.join(directory, name),
            task_of(name, instance) or "",
            Action.REMOVE,
            texts[name],
            None,
            from_reference=True,
        )
        for name in sorted(reference_units(texts, session.paths, instance))
    ]


def _header(path: str) -> Header | None:
    try:
        return split(read_text(path) or "")[0]
    except OSError:  # a link or a file of somebody else's: not ours to remove
        return None


def _is_own(session: Session, header: Header, instance: str) -> bool:
    same_config = header.config == session.paths.config or not os.path.exists(header.config)
    return header.instance == instance and same_config


def _decided(change: Change, *, force: bool) -> Change:
    if not change.reason or force:
        return change.replace(action=Action.REMOVE, reason="")
    return Change(change.name, change.path, change.task, Action.KEPT, None, None, change.reason)


def _kept_problems(changes: Sequence[Change]) -> list[Problem]:
    return [
        Problem(
            f"{change.path} {EDITED}, so task '{change.task}' is not uninstalled.",
            None,
            hint="`docket uninstall --force` removes it anyway.",
            code="install.kept",
            task=change.task,
        )
        for change in changes
        if change.action is Action.KEPT
    ]


def _plans(session: Session, tasks: set[str] | None, kept: set[str]) -> tuple[PlanFile, ...]:
    paths = session.paths
    try:
        entries = os.listdir(paths.plan_dir)
    except OSError:
        return ()
    stored = [name.removesuffix(".json") for name in entries if name.endswith(".json")]
    return tuple(
        PlanFile(task, paths.plan(task), None, None)
        for task in sorted(stored)
        if is_safe_name(task) and task not in kept and (tasks is None or task in tasks)
    )


def _nothing_compiled(session: Session, instance: str) -> Compilation:
    paths = session.paths
    return Compilation(
        config=Config(paths.config, paths.state_db, paths.task_dir, paths.log_dir, instance, {}),
        place=Place(paths, instance, paths.state_db, paths.log_dir, (), __version__),
        bundles={},
        broken=frozenset(),
        problems=(),
        warnings=(),
        sources=(),
    )

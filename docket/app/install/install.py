"""Installing: compile, compare with the disk, then write exactly what was shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from docket.app.catalog.compilation import Compilation, compile_tasks, identify
from docket.app.catalog.configmemory import remember
from docket.app.install.apply import InstallRun
from docket.app.install.changes import DiskUnit, Ownership, differences, task_of, written_units
from docket.app.install.directives import judge_directives
from docket.app.install.leftovers import clear_leftovers
from docket.app.install.lock import install_lock
from docket.app.install.plan import InstallPlan, InstallReport, PlanFile
from docket.app.install.planfile import AgreedInstall, require_same
from docket.app.install.referenceunits import reference_units
from docket.app.install.unitchanges import unit_changes
from docket.app.install.unledfollowers import unled_followers
from docket.app.install.upkeepunits import upkeep_changes
from docket.app.record.audit import note_changes
from docket.app.record.takeover import take_over
from docket.app.session.session import Session
from docket.compiler.header import split
from docket.config.yaml.safety import refuse_place_of_another
from docket.errors import InstallError
from docket.files import NotPlainError, make_directory, read_text, write_batch
from docket.model.names import MAINTENANCE, is_safe_name, unit_names
from docket.paths import Paths


def preview(session: Session, names: Sequence[str] = (), *, force: bool = False) -> InstallPlan:
    """Return what an install of the tasks `names` (none: of all) would change; changes nothing.

    ConfigError if the config as a whole cannot be used, UnknownTaskError for a name that is no
    task's. Files of tasks that are gone are only looked for when all tasks are installed.
    """
    compilation = compile_tasks(session, names)
    unled = tuple(unled_followers(session.paths, compilation)) if names else ()
    compilation = compilation.replace(warnings=(*compilation.warnings, *unled))
    plan = _compare(session.paths, compilation, tuple(names), force=force)
    judged = judge_directives(compilation, plan.changes)
    if judged is compilation:
        return plan
    return _compare(session.paths, judged, tuple(names), force=force)


def apply(
    session: Session,
    plan: InstallPlan,
    *,
    start_timers: bool = False,
    linger: bool = False,
    require: Callable[[InstallPlan], None] | None = None,
) -> InstallReport:
    """Make the changes of `plan` and tell the service manager; no task's service is ever started.

    Active timers that changed are started again; with `start_timers` every timer of the selected
    tasks is enabled and started. Without a service manager the files are written anyway, and
    the report says which commands are still to be run. `require` is given what will be written,
    under the lock, and raises if that must not be. InstallError if the config changed after
    the preview, if another install does not end, and where the disk refuses.
    """
    config = plan.compilation.config
    with install_lock(session.paths):
        _require_unchanged(plan.compilation)
        # Timers of ours mean runs of ours, and those have no time for it.
        doubts = take_over(config.state_db, config.log_dir)
        current = plan
        if plan.dirty or plan.plans:
            # Another install may have come between: what is written is decided under the lock.
            current = _compare(session.paths, plan.compilation, plan.names, force=plan.force)
        if require is not None:
            require(current)
        clear_leftovers(session.paths, plan.compilation.place.instance)
        report = InstallRun(session, current, start_timers=start_timers, linger=linger).run()
        note_changes(session, unit_changes("install", current, report))
        made = plan.compilation
        remember(session.paths, config, made.variables, made.sources)
        return report.replace(warnings=(*report.warnings, *doubts))


def apply_agreed(session: Session, agreed: AgreedInstall) -> InstallReport:
    """Make exactly the changes that were agreed on.

    StaleInstallPlanError if anything changed since; else as `preview` and `apply`.
    """
    plan = preview(session, agreed.names, force=agreed.force)

    def require(current: InstallPlan) -> None:
        require_same(session, agreed, current, session.program)

    require(plan)
    return apply(session, plan, start_timers=agreed.now, linger=agreed.linger, require=require)


def write_to(session: Session, directory: str, names: Sequence[str] = ()) -> InstallReport:
    """Write the units of the tasks into `directory` and touch neither systemd nor the plans.

    A file there that this instance did not make is kept and reported.
    """
    compilation = compile_tasks(session, names)
    target = os.path.abspath(directory)
    refuse_place_of_another(target, "a unit")
    disk = _read_units(target, compilation, tuple(compilation.bundles))
    owner = _owner(target, compilation, disk, force=True)
    changes = differences(_texts(compilation), disk, owner, removable={})
    try:
        make_directory(target, 0o755)
        write_batch(written_units(changes))
    except OSError as error:
        raise InstallError(
            f"The units could not be written to {target}: {error.strerror}.",
            hint="The service manager was not touched.",
        ) from None
    plan = InstallPlan(compilation, tuple(names), force=True, changes=changes, plans=())
    return InstallReport.begin(plan)


def _compare(
    paths: Paths, compilation: Compilation, names: tuple[str, ...], *, force: bool
) -> InstallPlan:
    refuse_place_of_another(paths.unit_dir, "a unit")
    disk = _read_units(paths.unit_dir, compilation, names)
    instance = compilation.place.instance
    texts = {name: unit.text for name, unit in disk.items()}
    owner = _owner(paths.unit_dir, compilation, disk, force=force).replace(
        reference=reference_units(texts, paths, instance),
    )
    on_disk = {task for task in (task_of(name, instance) for name in disk) if task is not None}
    changes = differences(
        _texts(compilation),
        disk,
        owner,
        removable={
            task: task not in compilation.broken and task != MAINTENANCE for task in on_disk
        },
    )
    everything = frozenset(list_units(paths.unit_dir, instance))
    return InstallPlan(
        compilation,
        names,
        force=force,
        changes=changes,
        plans=_plan_files(paths, compilation, names),
        upkeep=upkeep_changes(compilation.place, changes, everything, disk, owner),
    )


def _texts(compilation: Compilation) -> dict[str, Mapping[str, str]]:
    return {task: bundle.units for task, bundle in compilation.bundles.items()}


def _read_units(
    directory: str, compilation: Compilation, names: tuple[str, ...]
) -> Mapping[str, DiskUnit]:
    instance = compilation.place.instance
    if names:
        files = [unit for name in (*names, MAINTENANCE) for unit in unit_names(name, instance)]
    else:
        files = list_units(directory, instance)
    units: dict[str, DiskUnit] = {}
    for file in files:
        try:
            text = read_text(os.path.join(directory, file))
        except NotPlainError:
            units[file] = DiskUnit(file, None)
        except OSError as error:
            raise InstallError(
                f"{os.path.join(directory, file)} cannot be read: {error.strerror}.",
                hint="Nothing was changed.",
            ) from None
        else:
            if text is not None:
                units[file] = DiskUnit(file, text)
    return units


def list_units(directory: str, instance: str) -> list[str]:
    """Return the names of the unit files in `directory` that an instance's tasks may have."""
    try:
        return sorted(name for name in os.listdir(directory) if task_of(name, instance) is not None)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InstallError(
            f"{directory} cannot be read: {error.strerror}.", hint="Nothing was changed."
        ) from None


def _owner(
    directory: str, compilation: Compilation, disk: Mapping[str, DiskUnit], *, force: bool
) -> Ownership:
    place = compilation.place
    others: dict[str, bool] = {}
    for unit in disk.values():
        header = split(unit.text or "")[0] if place.paths.config not in (unit.text or "") else None
        if header is not None and header.config not in others:
            others[header.config] = os.path.exists(header.config)
    return Ownership(
        directory=directory,
        instance=place.instance,
        config=place.paths.config,
        force=force,
        config_exists=others,
    )


def _plan_files(
    paths: Paths, compilation: Compilation, names: tuple[str, ...]
) -> tuple[PlanFile, ...]:
    files = []
    for task, bundle in compilation.bundles.items():
        path, text = paths.plan(task), bundle.plan.to_text()
        before = _plan_on_disk(path)
        if before != text:
            files.append(PlanFile(task, path, before, text))
    if not names:
        files += _plans_of_no_task(paths, compilation)
    return tuple(files)


def _plans_of_no_task(paths: Paths, compilation: Compilation) -> list[PlanFile]:
    try:
        entries = sorted(os.listdir(paths.plan_dir))
    except OSError:
        return []
    tasks = [name.removesuffix(".json") for name in entries if name.endswith(".json")]
    known = {*compilation.bundles, *compilation.broken}
    return [
        PlanFile(task, paths.plan(task), _plan_on_disk(paths.plan(task)), None)
        for task in tasks
        if is_safe_name(task) and task not in known
    ]


def _plan_on_disk(path: str) -> str | None:
    try:
        return read_text(path)
    except OSError:  # whatever is there is replaced by a whole file
        return None


def _require_unchanged(compilation: Compilation) -> None:
    for source in compilation.sources:
        if identify(source.path).identity() != source.identity():
            raise InstallError(
                f"{source.path} changed while the install was under way.",
                hint="Nothing was changed. Run it again.",
            )

"""From the config on disk to compiled tasks: load, translate, compile, and say what went wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from docket.app.catalog.configmemory import NotedEnviron
from docket.app.catalog.executables import Executables, search_path
from docket.app.catalog.idlelimits import idle_limits, no_effect
from docket.app.catalog.namedunits import missing_units
from docket.app.catalog.places import place_of
from docket.app.catalog.taskclasses import load_again, load_home
from docket.app.catalog.taskfiles import (
    doubtful_files,
    exposed_files,
    missing_files,
    refuse_files_of_others,
)
from docket.app.catalog.watchedpaths import doubts_of_paths
from docket.app.session.session import Session, wall_clock_us
from docket.compiler.bundle import Bundle, Place, TaskFiles
from docket.compiler.compile import compile_task
from docket.config.loader import usable
from docket.config.partfiles import part_files
from docket.errors import (
    BrokenTaskError,
    ConfigMissingError,
    DocketError,
    PlanError,
    ScheduleError,
    UnknownTaskError,
)
from docket.files import read_text, write_whole
from docket.model.plan import Plan, Source
from docket.model.problem import Mark, Problem
from docket.model.record import Record, field
from docket.model.task.sandbox import Starter
from docket.model.task.schedule import ScheduleSpec, Timing
from docket.model.task.task import Config, Task
from docket.model.text.nearest import nearest
from docket.paths import Paths
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone

_ABSENT = -1  # the mtime of a source that was not there


class Compilation(Record):
    """What the config gives: the tasks that compile, and everything that is wrong with it.

    `broken` are the names of the tasks that have a problem: they are neither in `bundles` nor gone.
    `sources` are the identities of the files that were read, taken before they were read;
    `variables` what the environment had of those that the config names.
    """

    config: Config
    place: Place
    bundles: Mapping[str, Bundle]
    broken: frozenset[str]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    sources: tuple[Source, ...]
    variables: Mapping[str, str | None] = field(default_factory=dict)


def compile_tasks(session: Session, names: Sequence[str] = ()) -> Compilation:
    """Compile the tasks called `names`, or all of them but the built-in ones nobody configured.

    ConfigError if the config as a whole cannot be used, UnknownTaskError if a name is no
    task's; a mistake in one task is a problem in the result.
    """
    sources = read_sources(session.paths)
    environ = NotedEnviron(session.environ)
    config = usable(load_home(session.paths, environ))
    broken = {problem.task for problem in config.problems if problem.task is not None}
    for name in names:
        require_task(name, [*config.tasks, *broken])
    compiler = _Compiler(session, config, sources)
    for name in names or config.tasks:
        if (
            name in config.tasks
            and name not in broken
            and (names or not config.tasks[name].dormant)
        ):
            compiler.add(config.tasks[name])
    compiler.doubt_named_units()
    wanted = frozenset(names)
    return Compilation(
        config=config,
        place=compiler.place,
        bundles=compiler.bundles,
        broken=frozenset(broken) | compiler.broken,
        problems=(*_about(config.problems, wanted), *compiler.problems),
        warnings=(*_about(config.warnings, wanted), *compiler.warnings),
        sources=tuple(sources.values()),
        variables=environ.asked,
    )


def require_task(name: str, known: Iterable[str]) -> None:
    """Raise UnknownTaskError, with the nearest name as its hint, if `name` is not `known`."""
    names = sorted(known)
    if name in names:
        return
    near = nearest(name, names)
    raise UnknownTaskError(
        f"There is no task {name!r}.",
        hint=f"Did you mean {near!r}?" if near else "`docket list` shows the tasks.",
        task=name,
    )


def write_plan(session: Session, bundle: Bundle) -> None:
    """Write the plan of `bundle` to its place; PlanError if it cannot be kept there."""
    try:
        write_whole(session.paths.plan(bundle.task.name), bundle.plan.to_text())
    except OSError as error:
        raise PlanError(
            f"The plan of task {bundle.task.name!r} cannot be kept in {session.paths.plan_dir}:"
            f" {error.strerror}.",
            hint="Make room there, or see who owns that directory; docket doctor checks it.",
            task=bundle.task.name,
        ) from error


def recompile(paths: Paths, environ: Mapping[str, str], task: str, *, keep: bool = True) -> Plan:
    """Compile one task again and return its plan, which `keep` writes to its place.

    Raises DocketError if the config does not allow it, or the plan cannot be kept.

    The search path of the last plan stays in front: a run by a timer sees the manager's bare PATH,
    and a changed comment in the config must not lose a program that `docket install` had found.
    """
    session = Session(
        paths=paths, environ=environ, now_us=wall_clock_us, units=_no_units, keeps=keep
    )
    sources = read_sources(paths)
    plan = _plan_before(paths.plan(task))
    config = _config_for(session, task, plan)
    _require_usable(config, task)
    if config.tasks[task].dormant and plan is not None and plan.unit_hashes:
        raise _no_more_configured(task)
    before = plan.path_variable if plan is not None else ""
    joined = search_path({"PATH": f"{before}:{environ.get('PATH', '')}"}, system=paths.system)
    compiler = _Compiler(session, config, sources, joined)
    compiler.add(config.tasks[task], unattended_too=True)
    if compiler.problems:
        problem = compiler.problems[0]
        raise BrokenTaskError(problem.sentence, hint=problem.hint, task=task)
    if keep:
        write_plan(session, compiler.bundles[task])
    return compiler.bundles[task].plan


def _config_for(session: Session, task: str, plan: Plan | None) -> Config:
    """Return the config that has `task`.

    If the config file is gone, compile built-in tasks only. Never use the defaults for a task whose
    last plan came from a config.
    """
    try:
        return load_again(session)
    except ConfigMissingError:
        config = load_home(
            session.paths, session.environ, without_file=True, remember=session.keeps
        )
        if task not in config.tasks or (plan is not None and _had_config(plan)):
            raise
        return config


def _had_config(plan: Plan) -> bool:
    return all(s.mtime_ns != _ABSENT for s in plan.sources if s.path == plan.config_path)


class _Compiler:
    """Compiles tasks of one config one by one, and collects what is wrong with them."""

    def __init__(
        self,
        session: Session,
        config: Config,
        sources: Mapping[str, Source],
        path_variable: str = "",
    ) -> None:
        paths = session.paths
        self.place = place_of(paths, config)
        self.bundles: dict[str, Bundle] = {}
        self.broken: set[str] = set()
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config
        self._now_us = session.now_us()
        self._session = session
        self._machine_zone = machine_zone()
        self._sources = dict(sources)
        self._path = path_variable or search_path(session.environ, system=paths.system)
        self._executables = Executables()

    def add(self, task: Task, *, unattended_too: bool = False) -> None:
        """Compile `task`; what is wrong with it becomes problems, what is doubtful warnings."""
        if not unattended_too and self._refuses_timer(task):
            return
        try:
            timing = self._timing(task.timed, task) if task.timed else None
        except ScheduleError as error:
            self._broken(task, error, self._guilty_schedule(task))
            return
        try:
            if self.place.paths.system:
                refuse_files_of_others(task)
            bundle = compile_task(task, timing, self.place, self._found(task))
        except DocketError as error:
            key = error.facts.get("key")
            self._broken(task, error, _key_path(task, key if isinstance(key, str) else ""))
            return
        self.bundles[task.name] = bundle
        self._warn(task, bundle.warnings)

    def doubt_named_units(self) -> None:
        """Warn of units that tasks name and the service manager, which is asked, does not have."""
        tasks = [bundle.task for bundle in self.bundles.values() if bundle.units]
        found = missing_units(self._session, tasks, self._config.tasks, self.place.instance)
        for name, sentences in found.items():
            self._warn(self.bundles[name].task, sentences)

    def _warn(self, task: Task, sentences: Iterable[str]) -> None:
        self.warnings += [
            Problem(sentence, task.mark, ("tasks", task.name), code="warning", task=task.name)
            for sentence in sentences
        ]

    def _refuses_timer(self, task: Task) -> bool:
        scheduled = bool(task.schedules) and task.enabled
        why = task.denied_to(self.place.policy).get(Starter.UNATTENDED)
        if not scheduled or why is None:
            return False
        key = ("tasks", task.name, "schedule")
        self.broken.add(task.name)
        self.problems.append(
            Problem(
                f"Task '{task.name}' is destructive and may not run unattended, so it gets no"
                " timer.",
                _mark(self._config, task, key),
                key,
                hint="The config's `policy` denies it; take its `schedule` out."
                if self.place.policy.floor(Starter.UNATTENDED).destructive == "deny"
                else "Write `unattended: allow` in the task, or take its `schedule` out.",
                code="task.unattended",
                task=task.name,
            )
        )
        return True

    def _timing(self, schedules: Sequence[ScheduleSpec], task: Task) -> Timing:
        return compile_timing(
            schedules,
            zone=task.timezone,
            machine_zone=self._machine_zone,
            system=self.place.paths.system,
            now_us=self._now_us,
        )

    def _guilty_schedule(self, task: Task) -> tuple[str | int, ...]:
        for spec in task.timed:
            try:
                self._timing([spec], task)
            except ScheduleError:
                return spec.key
        return ("tasks", task.name, "schedule")

    def _found(self, task: Task) -> TaskFiles:
        warnings: list[str] = []
        command = task.command
        return TaskFiles(
            argv=self._resolved(task, command.argv, warnings) if command else (),
            dry_run_argv=self._resolved(task, command.dry_run_argv, warnings) if command else (),
            path_variable=self._path,
            sources=tuple(self._source(path) for path in task.sources),
            warnings=tuple(
                dict.fromkeys(
                    [
                        *warnings,
                        *_doubts_of_files(task),
                        *doubts_of_paths(task, system=self.place.paths.system),
                        *self._idle(task),
                    ]
                )
            ),
        )

    def _idle(self, task: Task) -> Iterator[str]:
        idle = idle_limits(self._session, task.limits)
        if idle:
            yield no_effect(idle, system=self.place.paths.system)

    def _resolved(self, task: Task, argv: tuple[str, ...], warnings: list[str]) -> tuple[str, ...]:
        if not argv:
            return ()
        path = task.env.get("PATH", self._path)
        found = self._executables.find(argv[0], path, task.cwd or self.place.paths.user_home)
        if found is None:
            warnings.append(
                f"The program {argv[0]!r} is not there now: the task fails until it is."
            )
            return argv
        return (found, *argv[1:])

    def _source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = identify(path)
        return self._sources[path]

    def _broken(self, task: Task, error: DocketError, key: tuple[str | int, ...]) -> None:
        self.broken.add(task.name)
        self.problems.append(
            Problem(
                error.sentence,
                _mark(self._config, task, key),
                key,
                hint=error.hint,
                code=error.code,
                task=task.name,
            )
        )


def _doubts_of_files(task: Task) -> Iterator[str]:
    yield from (f"Runs fail: {sentence}" for sentence in missing_files(task))
    yield from (f"{sentence[0].upper()}{sentence[1:]}" for sentence in exposed_files(task))
    yield from doubtful_files(task)


def read_sources(paths: Paths) -> dict[str, Source]:
    """Return the identities of the config and the drop-in files as they are now, by path."""
    files = [paths.config, *part_files(paths.part_dirs)]
    with contextlib.suppress(OSError):  # there may be none; the loader reports any other fault
        files += sorted(
            entry.path for entry in os.scandir(paths.task_dir) if entry.name.endswith(".py")
        )
    return {path: identify(path) for path in files}


def identify(path: str) -> Source:
    """Return the identity of the file at `path` as it is now."""
    try:
        status = os.stat(path)
    except OSError:
        return Source(path, 0, 0, 0, _ABSENT)
    return Source(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _require_usable(config: Config, task: str) -> None:
    for problem in config.problems:
        if problem.task == task:
            raise BrokenTaskError(problem.sentence, hint=problem.hint, task=task)
    require_task(task, config.tasks)


def _no_more_configured(task: str) -> UnknownTaskError:
    """A left-over timer must not run a built-in task with its defaults."""
    return UnknownTaskError(
        f"The task {task!r} is not in the config any more, and its timer is still installed.",
        hint="docket install removes the timer.",
        task=task,
    )


def _plan_before(path: str) -> Plan | None:
    try:
        text = read_text(path)
        return Plan.from_text(text) if text else None
    except (OSError, ValueError):  # a broken plan is about to be replaced
        return None


def _key_path(task: Task, key: str) -> tuple[str | int, ...]:
    return ("tasks", task.name, *key.split(".")) if key else ("tasks", task.name)


def _mark(config: Config, task: Task, key: tuple[str | int, ...]) -> Mark | None:
    """The place of the key, or of the nearest key above it in the file."""
    while len(key) > 2:
        if key in config.marks:
            return config.marks[key]
        key = key[:-1]
    return task.mark


def _about(problems: Sequence[Problem], names: frozenset[str]) -> tuple[Problem, ...]:
    if not names:
        return tuple(problems)
    return tuple(problem for problem in problems if problem.task in names or problem.task is None)


def _no_units() -> NoReturn:
    raise AssertionError("compiling asks nothing of the service manager")

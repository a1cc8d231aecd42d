"""The state of each task: its last run, the one under way, its timer, and its plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import (
    config_if_usable,
    known_names,
    refuse_unsafe_name,
    unknown_task,
)
from docket.app.catalog.planfiles import is_fresh, planned_tasks, read_plan
from docket.app.fires.failedunits import FailedUnit, failed_unit
from docket.app.fires.missed import look
from docket.app.fires.nextfire import next_fire_us
from docket.app.fires.switches import Switches
from docket.app.fires.watching import Watch, path_unit_name, watch_of
from docket.app.install.drift import Drift, find_drift
from docket.app.record.liveness import alive_here, is_alive
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.runs.liveprogress import RunProgress, progress_document, progress_of
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.app.text.documents import (
    attempt_document,
    hook_document,
    hook_sentence,
    incident_document,
    iso_or_none,
    latest_document,
    override_document,
    run_document,
)
from docket.errors import BusError, ConfigError, ConfigMissingError, UsageError
from docket.model.incident import Incident
from docket.model.names import is_safe_name, service_unit, timer_unit
from docket.model.plan import Plan
from docket.model.record import Record, field
from docket.model.records import AttemptRecord, HookRecord, OverrideRecord, RunRecord
from docket.model.task.task import Config, Task
from docket.store.eventdetails import with_events
from docket.store.reader import Reader

if TYPE_CHECKING:
    from docket.app.status.shapes import (
        NeverRunDocument,
        RunDetailDocument,
        StandingDocument,
        StatusAnswer,
        TaskStatusDocument,
        TimerDocument,
    )
    from docket.model.shapes import ErrorDocument


class PlanState(StrEnum):
    """The plan that the next run of a task will use."""

    FRESH = "fresh"  # the plan is used, because its sources are unchanged
    STALE = "stale"  # the sources changed: the plan is made again first
    LAST_GOOD = "last_good"  # the sources changed and are broken: the old plan is used
    REMOVED = "removed"  # the config does not have the task any more: the old plan is used
    MISSING = "missing"  # never compiled: it is made first


class TimerStatus(Record):
    """A task's timer. `state` is active, inactive, failed, not installed, masked or unknown.

    Instants are microseconds since the epoch. The next fire is the first that no order holds back.
    """

    unit: str
    state: str
    enabled: bool | None
    next_fire_us: int | None
    last_trigger_us: int | None

    def document(self) -> TimerDocument:
        """Return the timer as a JSON object."""
        return {
            "unit": self.unit,
            "state": self.state,
            "enabled": self.enabled,
            "next_fire": iso_or_none(self.next_fire_us),
            "last_trigger": iso_or_none(self.last_trigger_us),
        }


class TaskStatus(Record):
    """One task. `last` is its last finished real run, `timer` None if it has no schedule."""

    task: str
    configured: bool
    last: RunRecord | None
    running: tuple[tuple[RunRecord, bool | None], ...]  # each is (run, whether it is alive)
    timer: TimerStatus | None
    drift: Drift
    plan_state: PlanState
    consecutive_failures: int
    problems: tuple[str, ...]
    overrides: tuple[OverrideRecord, ...] = ()
    progress: Mapping[str, RunProgress] = field(
        default_factory=dict
    )  # by the id of a run under way
    incident: Incident | None = None  # the last one, open or not
    failing_since_us: int | None = None
    bad_hooks: tuple[HookRecord, ...] = ()  # the hooks and messages of the last run
    failed_unit: FailedUnit | None = None  # its service failed, and it has no run
    after: tuple[str, ...] = ()  # the ends of other tasks that start it: "after build (success)"
    after_off: bool = False  # somebody keeps it from starting so
    watch: Watch | None = None  # None if it watches no path

    @property
    def bad_hooks_in_words(self) -> list[str]:
        """What went wrong with the hooks and messages of the last run, in sentences."""
        return [hook_sentence(hook) for hook in self.bad_hooks]

    def document(self) -> TaskStatusDocument | NeverRunDocument:
        """Return the task as `docket status TASK --json` prints it."""
        standing = self._standing()
        if self.last is None:
            return {"task": self.task, "status": "never_run", **standing}
        return {**latest_document(self.last), **standing}

    def _standing(self) -> StandingDocument:
        return {
            "running": [
                {
                    **run_document(run, alive=alive, listed=True),
                    "progress": progress_document(self.progress.get(run.run_id)),
                }
                for run, alive in self.running
            ],
            "timer": self.timer.document() if self.timer is not None else None,
            "after": list(self.after),
            "after_off": self.after_off,
            "path": self.watch.document() if self.watch is not None else None,
            "plan": str(self.plan_state),
            "drift": list(self.drift.sentences),
            "hand_edits": list(self.drift.hand_edits),
            "drop_ins": list(self.drift.drop_ins),
            "configured": self.configured,
            "consecutive_failures": self.consecutive_failures,
            "failing_since": iso_or_none(self.failing_since_us),
            "bad_hooks": self.bad_hooks_in_words,
            "failed_unit": None if self.failed_unit is None else self.failed_unit.document(),
            "problems": list(self.problems),
            "overrides": [override_document(override) for override in self.overrides],
            "incident": None if self.incident is None else incident_document(self.incident),
        }


class StatusReport(Record):
    """All tasks, or the one that was asked for (`asked`); `warnings` are sentences.

    `error` says why the config cannot be used: `tasks` holds what plans and record know then.
    """

    asked: str | None
    tasks: tuple[TaskStatus, ...]
    warnings: tuple[str, ...] = ()
    error: ConfigError | None = None

    @property
    def exit_code(self) -> int:
        """1 if the config cannot be used."""
        return 0 if self.error is None else 1

    def document(self) -> StatusAnswer | ErrorDocument:
        """Return what `docket status --json` prints."""
        if self.error is not None:
            return self.error.document_with(tasks=[task.document() for task in self.tasks])
        return self.answer()

    def answer(self) -> StatusAnswer:
        """Return the task that was asked for, or of all tasks those that have run."""
        if self.asked is not None:
            return self.tasks[0].document()
        return [task.document() for task in self.tasks if task.last is not None]


class RunDetail(Record):
    """One run with its attempts and hooks; `alive` is whether its lock is held, if known."""

    run: RunRecord
    alive: bool | None
    attempts: tuple[AttemptRecord, ...]
    hooks: tuple[HookRecord, ...]
    progress: RunProgress | None = None

    def document(self) -> RunDetailDocument:
        """Return the run as `docket status --run-id --json` prints it."""
        return {
            **run_document(self.run, alive=self.alive),
            "progress": progress_document(self.progress),
            "attempts": [attempt_document(attempt) for attempt in self.attempts],
            "hooks": [hook_document(hook) for hook in self.hooks],
        }


def of_run(session: Session, run_id: str, task: str | None = None) -> RunDetail:
    """Return one run; RunNotFoundError, and UsageError if it is one of another task."""
    with open_record(session) as reader:
        run = find_run(reader, run_id)
        if task not in (None, run.task):
            raise UsageError(
                f"Run {run.run_id} is one of {run.task}, not of {task}.",
                hint=f"docket status --run-id {run.run_id}",
            )
        run = with_events(reader, run)
        attempts, hooks = tuple(reader.attempts(run.run_id)), tuple(reader.hooks(run.run_id))
        progress = progress_of(reader, run.run_id)
    return RunDetail(run, alive_here(run, session.paths), attempts, hooks, progress)


def status(session: Session, task: str | None = None) -> StatusReport:
    """Return the state of every task, or of `task` only.

    A service manager that cannot be asked is a warning, and a config that cannot be used is the
    `error` of the report. Raises UnknownTaskError, NameRefusedError and StoreError.
    """
    config, error = config_if_usable(session)
    if task is not None:
        refuse_unsafe_name(task)
    with open_record(session, config) as reader:
        look(session, task, reader=reader)
        names = _names(session, config, reader, task)
        states, more = _states(session, config, names)
        survey = _Survey(session, config, reader, states, task)
        found = tuple(survey.of(name) for name in names)
    if isinstance(error, ConfigMissingError):
        return StatusReport(task, found, (error.sentence, *more))
    return StatusReport(task, found, more, error)


class _Survey:
    """What is asked once for all tasks, and each task's status from it."""

    def __init__(
        self,
        session: Session,
        config: Config | None,
        reader: Reader,
        states: Mapping[str, UnitState] | None,
        task: str | None,
    ) -> None:
        self._session = session
        self._config = config
        self._reader = reader
        self._states = states
        self._latest = reader.latest(task)
        self._overrides = reader.overrides(session.now_us())
        self._incidents = reader.incidents(task)
        self._followers_off = Switches(session.paths).followers_off()
        self._running: dict[str, list[RunRecord]] = {}
        self._bad_hooks = reader.bad_hooks([run.run_id for run in self._latest.values()])
        for run in reader.running(task):
            self._running.setdefault(run.task, []).append(run)

    def of(self, name: str) -> TaskStatus:
        """Return the status of one task."""
        paths = self._session.paths
        plan = read_plan(paths, name)
        task = self._config.tasks.get(name) if self._config is not None else None
        problems = _problems(self._config, name)
        service, timer = _units(self._session, self._config, name)
        expected = plan.unit_hashes if plan is not None else {}
        drift = find_drift(paths.unit_dir, expected, (service, timer), self._states or {})
        installed = os.path.lexists(os.path.join(paths.unit_dir, timer))
        scheduled = installed or timer in expected or _has_timer(task)
        after = () if task is None else tuple(spec.shown for spec in task.after)
        lock_dir = plan.lock_dir if plan is not None else paths.lock_dir
        last = self._latest.get(name)
        orders = tuple(self._overrides.get(name, ()))
        failures = self._reader.consecutive_failures(name)
        return TaskStatus(
            task=name,
            configured=self._config is None
            or (task is not None and not task.dormant)
            or bool(problems),
            last=last,
            running=tuple((run, is_alive(run, lock_dir)) for run in self._running.get(name, ())),
            timer=self._timer(timer, plan, orders) if scheduled else None,
            after=after,
            after_off=bool(after) and name in self._followers_off,
            watch=watch_of(self._session, task, path_unit_name(task, plan, timer), self._states),
            drift=drift,
            plan_state=_plan_state(
                plan,
                usable=task is not None,
                removed=self._config is not None and task is None and not problems,
            ),
            consecutive_failures=failures,
            problems=problems,
            overrides=orders,
            progress=self._progress(name),
            incident=self._incidents.get(name),
            failing_since_us=self._reader.failing_since(name) if failures else None,
            bad_hooks=() if last is None else tuple(self._bad_hooks.get(last.run_id, ())),
            failed_unit=failed_unit(self._session, self._reader, name, service, self._states),
        )

    def _timer(self, unit: str, plan: Plan | None, orders: Sequence[OverrideRecord]) -> TimerStatus:
        state = self._states.get(unit) if self._states is not None else None
        if state is None:
            word = "unknown" if self._states is None else "not installed"
            return TimerStatus(unit, word, None, None, None)
        words = {"not-found": "not installed", "loaded": state.active_state}
        session = self._session
        return TimerStatus(
            unit=unit,
            state=words.get(state.load_state, state.load_state),
            enabled=state.unit_file_state.startswith("enabled"),
            next_fire_us=next_fire_us(session.paths, plan, state, orders, session.now_us()),
            last_trigger_us=state.last_trigger_us,
        )

    def _progress(self, name: str) -> dict[str, RunProgress]:
        found = {
            run.run_id: progress_of(self._reader, run.run_id) for run in self._running.get(name, ())
        }
        return {run_id: progress for run_id, progress in found.items() if progress is not None}


def _names(session: Session, config: Config | None, reader: Reader, asked: str | None) -> list[str]:
    if asked is None:
        known = _configured(config) if config is not None else planned_tasks(session.paths)
        return sorted({*known, *reader.latest(), *(run.task for run in reader.running())})
    if config is not None and asked not in known_names(config) and not reader.last_any(asked):
        raise unknown_task(asked, known_names(config))
    return [asked]


def _configured(config: Config) -> list[str]:
    return [n for n in known_names(config) if n not in config.tasks or not config.tasks[n].dormant]


def _units(session: Session, config: Config | None, name: str) -> tuple[str, str]:
    if config is None:
        plan = read_plan(session.paths, name)
        if plan is not None:
            return plan.unit, plan.timer_unit
    instance = (config.instance if config is not None else "") or session.paths.instance_key
    return service_unit(name, instance), timer_unit(name, instance)


def _asked(session: Session, config: Config | None, name: str) -> Iterator[str]:
    """Yield the units whose states are asked for."""
    service, timer = _units(session, config, name)
    yield from (service, timer)
    task = config.tasks.get(name) if config is not None else None
    plan = read_plan(session.paths, name) if task is None else None
    watching = path_unit_name(task, plan, timer)
    if watching is not None:
        yield watching


def _states(
    session: Session, config: Config | None, names: Iterable[str]
) -> tuple[Mapping[str, UnitState] | None, tuple[str, ...]]:
    """Ask the service manager once; None, and its refusal, if it does not answer."""
    units = [unit for name in names if is_safe_name(name) for unit in _asked(session, config, name)]
    if not units:
        return {}, ()
    try:
        return session.units().states(units), ()
    except BusError as error:
        return None, (f"The state of timers is not known: {error.sentence}",)


def _plan_state(plan: Plan | None, *, usable: bool, removed: bool) -> PlanState:
    if plan is None:
        return PlanState.MISSING
    if is_fresh(plan.sources):
        return PlanState.FRESH
    if removed:
        return PlanState.REMOVED
    return PlanState.STALE if usable else PlanState.LAST_GOOD


def _has_timer(task: Task | None) -> bool:
    return task is not None and task.enabled and bool(task.timed)


def _problems(config: Config | None, name: str) -> tuple[str, ...]:
    if config is None:
        return ()
    return tuple(problem.sentence for problem in config.problems if problem.task == name)

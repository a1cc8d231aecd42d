"""How the tasks are doing: from their last runs, what was due, and what is odd about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import (
    config_or_none_yet,
    known_names,
    refuse_unsafe_name,
    shown_names,
    unknown_task,
)
from docket.app.catalog.planfiles import planned_tasks, read_plan
from docket.app.fires.duetimes import DueTimes, due_times_of, next_due_us
from docket.app.fires.failedunits import FailedUnit, failed_unit
from docket.app.fires.missed import look
from docket.app.fires.nextfire import next_fire_us
from docket.app.fires.orders import order_sentence
from docket.app.fires.watching import Watch, path_unit_name, watch_of
from docket.app.record.opening import open_record
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.app.status.anomalies import RECENT, SAMPLE, Anomaly, Past, anomalies
from docket.app.text.documents import hook_sentence, iso_or_none, latest_document
from docket.app.text.redaction import redact_text
from docket.errors import BusError, ConfigError
from docket.model.names import path_unit_of
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.records import OverrideRecord, RunRecord
from docket.model.states import RunStatus
from docket.model.task.task import Config, Task
from docket.model.text.size import size_bytes
from docket.model.time.humantime import local
from docket.store.orders.overrides import PAUSE
from docket.store.reader import Reader

if TYPE_CHECKING:
    from docket.app.status.shapes import HealthDocument, TaskHealthDocument
    from docket.model.shapes import ErrorDocument


class Category(StrEnum):
    """How a task is doing, in the order in which they are summed up."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  # its last run is good, and something about it is odd
    FAILED = "failed"  # its last run did not succeed
    STALE = "stale"  # a run was due, and there was none
    NEVER_RUN = "never_run"

    @property
    def well(self) -> bool:
        """Whether nobody has to look at it: a task that never ran counts as well."""
        return self in (Category.HEALTHY, Category.NEVER_RUN)


class TaskHealth(Record):
    """One task. Instants are microseconds since the epoch; `notes` are sentences, and no faults."""

    task: str
    category: Category
    last: RunRecord | None
    consecutive_failures: int
    now_us: int
    schedule: str = ""
    due_times: DueTimes | None = None
    running: bool = False
    anomalies: tuple[Anomaly, ...] = ()
    notes: tuple[str, ...] = ()
    failing_since_us: int | None = None
    failed_unit: FailedUnit | None = None
    next_fire_us: int | None = None  # the first fire of its timer that no order holds back

    def document(self) -> TaskHealthDocument:
        """Return the task as an element of `details` in `docket health --json`."""
        document: TaskHealthDocument = {
            "last_run": latest_document(self.last) if self.last is not None else None,
            "consecutive_failures": self.consecutive_failures,
            "failing_since": iso_or_none(self.failing_since_us),
            "category": str(self.category),
            "running": self.running,
            "anomalies": [anomaly.document() for anomaly in self.anomalies],
            "failed_unit": None if self.failed_unit is None else self.failed_unit.document(),
            "notes": list(self.notes),
        }
        if self.schedule:
            document["schedule"] = self.schedule
        if self.due_times is not None:
            self._add_fires(document, self.due_times)
        if self.last is not None:
            over_us = self.last.finished_us or self.last.started_us
            document["seconds_since_last_run"] = round(max(self.now_us - over_us, 0) / 1e6, 3)
        return document

    def _add_fires(self, document: TaskHealthDocument, due_times: DueTimes) -> None:
        document["previous_fire"] = iso_or_none(due_times.previous_us(self.now_us))
        document["next_fire"] = iso_or_none(self.next_fire_us)
        interval = due_times.interval_seconds(self.now_us)
        if interval is not None:
            document["schedule_interval_seconds"] = round(interval)


class HealthReport(Record):
    """All tasks, or those that were asked for, by name; `warnings` are sentences.

    `error` says why the config cannot be used: `tasks` holds what plans and record know then.
    """

    tasks: tuple[TaskHealth, ...]
    warnings: tuple[str, ...] = ()
    error: ConfigError | None = None

    @property
    def ok(self) -> bool:
        """Whether every task is well, and the config can be used."""
        return self.error is None and all(task.category.well for task in self.tasks)

    def names(self, category: Category) -> list[str]:
        """Return the tasks that are doing so."""
        return [task.task for task in self.tasks if task.category is category]

    @property
    def summary(self) -> str:
        """How many tasks are doing how, in one line."""
        words = ((len(self.names(c)), c.value.replace("_", " ")) for c in Category)
        return ", ".join(f"{count} {word}" for count, word in words)

    def document(self) -> HealthDocument | ErrorDocument:
        """Return the report as `docket health --json` prints it."""
        if self.error is not None:
            return self.error.document_with(health=self.report())
        return self.report()

    def report(self) -> HealthDocument:
        """Return what is known of the tasks."""
        return {
            "healthy": self.names(Category.HEALTHY),
            "degraded": self.names(Category.DEGRADED),
            "failed": self.names(Category.FAILED),
            "stale": self.names(Category.STALE),
            "never_run": self.names(Category.NEVER_RUN),
            "summary": self.summary,
            "details": {task.task: task.document() for task in self.tasks},
            "ok": self.ok,
            "warnings": list(self.warnings),
        }


def health(session: Session, tasks: Sequence[str] = ()) -> HealthReport:
    """Return how `tasks` are doing, or all of the config.

    A config that cannot be used is the `error` of the report. Raises UnknownTaskError,
    NameRefusedError and StoreError.
    """
    config, error = _config(session)
    known = known_names(config) if config is not None else planned_tasks(session.paths)
    for name in tasks:
        refuse_unsafe_name(name)
        if name not in known:
            raise unknown_task(name, known)
    with open_record(session, config) as reader:
        look(session, reader=reader)
        survey = _Survey(session, config, reader)
        names = sorted(set(tasks)) or survey.names(known)
        survey.ask(names)
        found = tuple(survey.of(name) for name in names)
    return HealthReport(found, error=error)


def _config(session: Session) -> tuple[Config | None, ConfigError | None]:
    """Return the config; the built-in tasks if there is no file yet, else None and why."""
    try:
        return config_or_none_yet(session), None
    except ConfigError as error:
        return None, error


class _Survey:
    """What is asked once for all tasks, and each task's health from it."""

    def __init__(self, session: Session, config: Config | None, reader: Reader) -> None:
        self._session = session
        self._config = config
        self._reader = reader
        self._now_us = session.now_us()
        self._latest: Mapping[str, RunRecord] = reader.latest()
        self._failures = reader.all_consecutive_failures()
        self._overrides = reader.overrides(self._now_us)
        self._bad_hooks = reader.bad_hooks([run.run_id for run in self._latest.values()])
        self._states: Mapping[str, UnitState] | None = {}
        self._plans: Mapping[str, Plan | None] = {}

    def ask(self, names: Sequence[str]) -> None:
        """Read the plans of all tasks, and ask the service manager about their units, once."""
        self._plans = {name: read_plan(self._session.paths, name) for name in names}
        found = self._plans.values()
        installed = [plan for plan in found if plan is not None and plan.unit_hashes]
        units = [unit for plan in installed for unit in (plan.unit, plan.timer_unit)]
        units += (
            path
            for plan in installed
            if (path := path_unit_of(plan.timer_unit)) in plan.unit_hashes
        )
        try:
            self._states = self._session.units().states(units) if units else {}
        except BusError:
            self._states = None

    def names(self, known: list[str]) -> list[str]:
        """Return the tasks to report on: built-in ones only if they are configured or have run."""
        return known if self._config is None else shown_names(self._config, self._latest)

    def of(self, name: str) -> TaskHealth:
        """Return how one task is doing."""
        task = self._config.tasks.get(name) if self._config is not None else None
        plan = self._plans[name]
        due_times = due_times_of(self._session, task, plan)
        past = Past(self._reader.samples(name, RECENT), self._reader.good_samples(name, SAMPLE))
        orders = self._overrides.get(name, ())
        paused = any(order.kind == PAUSE for order in orders)
        due_us = None if paused else self._due_us(due_times, past)
        last = self._latest.get(name)
        off = due_times is not None and due_times.off
        hooks = self._bad_hooks.get(last.run_id, []) if last is not None else []
        failures = self._failures.get(name, 0)
        unit = plan.unit if plan is not None else ""
        failed = failed_unit(self._session, self._reader, name, unit, self._states)
        timer = plan.timer_unit if plan is not None else ""
        watched = path_unit_name(task, plan, timer) if plan is not None else None
        watch = watch_of(self._session, task, watched, self._states)
        odd = (
            *_due(due_us),
            *_unwatched(watch),
            *(() if failed is None else (Anomaly("unit_failed", failed.sentence),)),
            *_odd(task, due_times, past, self._now_us),
            *(Anomaly("hook_failed", f"{hook_sentence(hook)}.") for hook in hooks),
        )
        return TaskHealth(
            task=name,
            category=_category(
                last,
                failures,
                unit=failed is not None,
                stale=due_us is not None,
                odd=bool(odd),
                off=off,
            ),
            last=last,
            consecutive_failures=failures,
            failing_since_us=self._reader.failing_since(name) if failures else None,
            failed_unit=failed,
            now_us=self._now_us,
            schedule=_schedule(task),
            due_times=due_times,
            next_fire_us=self._next_fire_us(due_times, plan, orders),
            running=bool(past.under_way),
            anomalies=odd,
            notes=(*_notes(task, due_times, watch), *map(order_sentence, orders)),
        )

    def _next_fire_us(
        self, due_times: DueTimes | None, plan: Plan | None, orders: Sequence[OverrideRecord]
    ) -> int | None:
        if due_times is None:
            return None
        if self._states is None:
            return next_due_us(due_times, orders, self._now_us)
        state = self._states.get(plan.timer_unit) if plan is not None else None
        if state is None:
            return None
        return next_fire_us(self._session.paths, plan, state, orders, self._now_us)

    def _due_us(self, due_times: DueTimes | None, past: Past) -> int | None:
        """Return the fire that had no run: one that is known to be missed, or one without a row."""
        if due_times is None or due_times.off or past.under_way:
            return None
        if past.recent and past.recent[0].status is RunStatus.MISSED:
            return past.recent[0].scheduled_for_us
        reached_us = past.reached_us
        if reached_us is None and not due_times.since_us:
            return None  # it was never run and never installed
        return due_times.due_us(self._now_us, reached_us)


def _due(due_us: int | None) -> tuple[Anomaly, ...]:
    if due_us is None:
        return ()
    at = local(due_us, seconds=False)
    return (Anomaly("no_run_when_due", f"It was due at {at}, and did not run."),)


def _odd(
    task: Task | None, due_times: DueTimes | None, past: Past, now_us: int
) -> tuple[Anomaly, ...]:
    found = anomalies(
        past,
        now_us=now_us,
        slack_us=due_times.slack_us if due_times is not None else 0,
        memory_limit_bytes=_memory_limit(task),
    )
    if task is not None:
        return found
    sentence = "Its config is broken: it runs by the last good plan, if at all."
    return (*found, Anomaly("config_broken", sentence))


def _memory_limit(task: Task | None) -> int | None:
    text = task.limits.memory if task is not None else None
    try:
        return size_bytes(text or "")
    except ValueError:  # the limit is a share of the machine's memory, or there is none
        return None


def _category(
    last: RunRecord | None, failures: int, *, unit: bool, stale: bool, odd: bool, off: bool
) -> Category:
    """Return how a task is doing; `unit` is whether its service failed without a run.

    After a run that somebody cancelled, and after fires that a disabled timer (`off`) missed, the
    runs before them count.
    """
    passed_over = [RunStatus.CANCELLED, RunStatus.MISSED] if off else [RunStatus.CANCELLED]
    counts = last is not None and last.status not in passed_over
    if unit or failures or (counts and last is not None and last.status is not RunStatus.SUCCEEDED):
        return Category.FAILED
    if stale:
        return Category.STALE
    if last is None:
        return Category.NEVER_RUN
    return Category.DEGRADED if odd else Category.HEALTHY


def _schedule(task: Task | None) -> str:
    return redact_text("; ".join(task.schedule_texts)) if task is not None else ""


def _notes(task: Task | None, due_times: DueTimes | None, watch: Watch | None) -> tuple[str, ...]:
    if task is not None and task.schedules and not task.enabled:
        return ("It is not enabled, so it has no timer.",)
    notes = due_times.notes if due_times is not None else ()
    off = watch is not None and watch.trouble and not watch.odd
    return (*notes, f"{_sentence(watch.trouble)}") if watch is not None and off else notes


def _unwatched(watch: Watch | None) -> tuple[Anomaly, ...]:
    if watch is None or not watch.odd:
        return ()
    return (Anomaly("paths_unwatched", _sentence(watch.trouble)),)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."

"""The state of one task: its next run, its lock, and what would keep it from running now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.catalog.planfiles import read_plan
from docket.app.fires.duetimes import due_times_of, next_due_us
from docket.app.fires.orders import order_sentence
from docket.app.record.opening import open_record
from docket.app.session.session import Session
from docket.app.status.status import TaskStatus, status
from docket.app.text.documents import hook_document, iso, iso_or_none, latest_document
from docket.errors import StoreError
from docket.model.record import Record
from docket.model.records import HookRecord, OverrideRecord, RunSample
from docket.model.task.sandbox import Policy, Starter
from docket.model.task.task import Task
from docket.model.time.period import REACH_US, stretch
from docket.schedule.zones import offsets_of
from docket.store.orders.overrides import PAUSE

if TYPE_CHECKING:
    from docket.app.status.shapes import GuardDocument, NowDocument

_LOOKED_AT = 100  # good runs that are searched for the one that `once_per` counts


class Guard(Record):
    """What would keep a run from starting now; `runs`: only runs by a timer, or all."""

    code: str
    runs: str
    sentence: str

    def document(self) -> GuardDocument:
        """Return the guard as a JSON object."""
        return {"code": self.code, "runs": self.runs, "sentence": self.sentence}


class TaskState(Record):
    """One task at this moment; `next_run_us` is None if no timer will start it."""

    status: TaskStatus
    next_run_us: int | None
    guards: tuple[Guard, ...]
    hooks: tuple[HookRecord, ...] = ()  # the hooks and messages of the last run
    warnings: tuple[str, ...] = ()

    def document(self) -> NowDocument:
        """Return the keys that `docket describe --json` adds to the contract."""
        held = [(run, alive) for run, alive in self.status.running if alive is not False]
        last = self.status.last
        return {
            "next_run": iso_or_none(self.next_run_us),
            "lock": {
                "held": bool(held),
                "run_id": held[0][0].run_id if held else None,
                "since": iso(held[0][0].started_us) if held else None,
            },
            "guards": [guard.document() for guard in self.guards],
            "last_run": latest_document(last) if last is not None else None,
            "last_hooks": [hook_document(hook) for hook in self.hooks],
            "consecutive_failures": self.status.consecutive_failures,
            "failing_since": iso_or_none(self.status.failing_since_us),
            "timer": self.status.timer.document() if self.status.timer is not None else None,
            "path": self.status.watch.document() if self.status.watch is not None else None,
            "drift": list(self.status.drift.sentences),
        }


def standing(session: Session, task: Task, policy: Policy) -> TaskState | str:
    """Return the state of a task of the config, or why the record of runs cannot be read."""
    try:
        with open_record(session) as reader:
            found = status(session, task.name)
            good = reader.good_samples(task.name, _LOOKED_AT)
            of_task = found.tasks[0]
            last = of_task.last
            hooks = tuple(reader.hooks(last.run_id)) if last is not None else ()
    except StoreError as error:
        return error.sentence
    guards = [Guard("unattended", "timer", "It is destructive, and gets no timer.")]
    guards *= Starter.UNATTENDED in task.denied_to(policy)
    guards += _guards(task, of_task.overrides, good, session.now_us())
    next_run_us = _next_run(session, task, of_task)
    return TaskState(of_task, next_run_us, tuple(guards), hooks, found.warnings)


def _next_run(session: Session, task: Task, status: TaskStatus) -> int | None:
    """Return what systemd says, or else what the installed timer says."""
    timer = status.timer
    if timer is None or timer.state not in ("active", "unknown"):
        return None
    if timer.state == "active":
        return timer.next_fire_us
    due_times = due_times_of(session, task, read_plan(session.paths, task.name))
    return next_due_us(due_times, status.overrides, session.now_us())


def _guards(
    task: Task, orders: tuple[OverrideRecord, ...], good: list[RunSample], now_us: int
) -> Iterator[Guard]:
    for order in orders:
        code = "paused" if order.kind == PAUSE else "skip_next"
        yield Guard(code, "timer", order_sentence(order))
    if task.once_per is not None and _has_succeeded(task, good, now_us):
        words = f"It has succeeded in this {task.once_per}; --force runs it again."
        yield Guard("once_per", "all", words)


def _has_succeeded(task: Task, good: list[RunSample], now_us: int) -> bool:
    """Whether `once_per` is served for now: by the due instant of a run, or its start by hand."""
    period = task.once_per
    if period is None:
        return False
    offset_at = offsets_of(task.timezone or "")
    wanted = stretch(now_us, period, offset_at)
    return any(
        stretch(run.scheduled_for_us or run.started_us, period, offset_at) == wanted
        for run in good
        if run.started_us >= now_us - REACH_US[period]
    )

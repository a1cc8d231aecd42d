"""Fires without a run: found by the next command, and by the maintenance timer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

from docket.app.catalog.planfiles import planned_tasks, read_plan
from docket.app.fires.causes import CauseFinder, Machine, cause_in_words, this_machine
from docket.app.fires.timerfile import InstalledTimer, read_timer
from docket.app.record.owedhooks import Owed, start
from docket.app.session.ports import UnitDetail
from docket.app.session.session import Session
from docket.errors import StoreError
from docket.model.plan import Plan
from docket.model.record import Record
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.model.time.fires import Absent, Stretch, absent_fires, expected_fires, stretches
from docket.schedule.zones import offsets_of
from docket.store.fires import FireLedger, open_ledger
from docket.store.reader import Reader

MOST_FIRES = 20_000  # fires of one task that one check looks at
MOST_SINGLE = 10  # this many missed fires in a row still get a row each
SETTLED_US = 60_000_000  # a fire is judged a minute after the last moment at which it may start
_SWALLOWED = "overlap"
_ON_PURPOSE = ("paused", "timer_disabled", "timer_masked")
_ALL = ""  # no task has this name: the mark of the last look at all of them
_LOOK_AGAIN_US = 60_000_000
_QUICK_SECONDS = 0.2
_STEP = 64  # a quick check of all tasks begins this many tasks further on each minute
_THOROUGH_ROUNDS = 100
Machines = Callable[[Session, FireLedger, int], Machine]


class MissedCounts(Record):
    """The result of a look at the fires: how many were missed, and how many came during a run."""

    missed: int = 0
    swallowed: int = 0

    def __add__(self, other: MissedCounts) -> MissedCounts:
        return MissedCounts(self.missed + other.missed, self.swallowed + other.swallowed)


def look(
    session: Session,
    task: str | None = None,
    *,
    thorough: bool = False,
    machines: Machines = this_machine,
    owed: list[Owed] | None = None,
    reader: Reader | None = None,
) -> MissedCounts:
    """Give every fire of a task (or of all) that had no run its row, and return how many had none.

    A look at all tasks comes at most once a minute and is quick, unless it is `thorough`; what it
    leaves is for one of the next ones. Notifications of missed fires are started, or added to
    `owed`. A record that cannot be written now makes it find nothing. `reader` is the open record,
    which says whether it is time to look at all tasks.
    """
    found = MissedCounts()
    quick = task is None and not thorough
    ledger = FireLedger(reader.connection) if quick and reader is not None else None
    if ledger is not None and not _is_time(ledger, session.now_us()):
        return found
    timers = _timers(session, task)
    first = next(timers, None)
    if first is None:
        return found
    try:
        with open_ledger(first.plan.state_db, 5.0 if thorough else 0.2) as ledger:
            if quick and not _is_time(ledger, session.now_us()):
                return found
            deadline = time.monotonic() + _QUICK_SECONDS
            judge = _Judge(session, ledger, machines)
            for timer in chain([first], timers):
                found += judge.task(timer, _THOROUGH_ROUNDS if thorough else 1)
                if not thorough and time.monotonic() > deadline:
                    break
            if task is None:
                ledger.mark(_ALL, session.now_us())
            left = judge.owed
    except StoreError:
        left = []
    if owed is None:
        start(session, left)
    else:
        owed += left
    return found


class _Judge:
    """Judges the fires of one task after the other."""

    def __init__(self, session: Session, ledger: FireLedger, machines: Machines) -> None:
        self._session = session
        self._ledger = ledger
        self._machines = machines
        self._cause_finder: tuple[int, CauseFinder] | None = None
        self.owed: list[Owed] = []

    def task(self, timer: InstalledTimer, rounds: int) -> MissedCounts:
        """Record the fires of one task that came since they were last judged."""
        found = MissedCounts()
        for _ in range(rounds):
            part, more = self._judge(timer)
            found += part
            if not more:
                break
        return found

    def _judge(self, timer: InstalledTimer) -> tuple[MissedCounts, bool]:
        """Return what one bounded step found, and whether there is more to judge."""
        plan = timer.plan
        before = self._ledger.checked_until(plan.task)
        begin = _beginning(timer, before)
        slack_us = int(plan.slack_seconds * 1e6)
        until = self._session.now_us() - slack_us - SETTLED_US
        if begin is None:
            return MissedCounts(), False
        if before is None:
            # Kept even if nothing can be judged yet: the link that shows it may go.
            before = begin
            self._ledger.mark(plan.task, begin)
        if until <= begin:
            return MissedCounts(), False
        fires = expected_fires(timer.calendars, begin, until, offsets_of, MOST_FIRES)
        if not fires.instants:
            return MissedCounts(), False  # the mark may stay: there are no fires after it either
        if not fires.complete:
            until = fires.instants[-1]
        spans = self._ledger.spans(plan.task, begin)
        absent = absent_fires(fires.instants, spans, tolerance_us=slack_us)
        if absent and fires.complete and self._may_come_late(timer, absent[-1], begin):
            until = absent.pop().at_us - 1
        reasons = self._reasons(plan, absent, begin)
        rows, replaced = self._rows(plan, reasons, begin)
        if not self._ledger.settle(plan.task, before, until, rows, replaced):
            return MissedCounts(), False  # somebody else looked at the same time
        self._note_missed(plan, rows)
        swallowed = sum(fire.blocker is not None for fire in absent)
        return MissedCounts(len(absent) - swallowed, swallowed), not fires.complete

    def _note_missed(self, plan: Plan, rows: list[RunRow]) -> None:
        """Note the newest missed fire for a notification, but none that was held on purpose."""
        missed = [
            row
            for row in rows
            if row.status == RunStatus.MISSED and row.error_code not in _ON_PURPOSE
        ]
        if missed and plan.notify is not None:
            self.owed.append(Owed(plan.task, missed[-1].run_id))

    def _may_come_late(self, timer: InstalledTimer, fire: Absent, begin: int) -> bool:
        """Whether systemd may still start the last fire: a timer that comes up catches it up."""
        if fire.blocker is not None or timer.plan.catch_up is False:
            return False
        state = self._ask(begin).timer(timer.plan)
        if state is None or state.active_state != "active":
            return timer.enabled_us is not None and not _is_masked(state)
        since = state.active_since_us
        if since is None or since <= fire.at_us:
            return False
        room = int(timer.plan.slack_seconds * 1e6) + SETTLED_US
        return self._session.now_us() - since < room

    def _reasons(self, plan: Plan, absent: list[Absent], begin: int) -> list[tuple[Absent, str]]:
        overrides = self._ledger.overrides(plan.task) if absent else []
        return [
            (fire, _SWALLOWED)
            if fire.blocker is not None
            else (fire, self._ask(begin).cause(plan, fire.at_us, overrides))
            for fire in absent
        ]

    def _ask(self, begin: int) -> CauseFinder:
        """Return the witnesses for the time since `begin`."""
        if self._cause_finder is None or self._cause_finder[0] > begin:
            machine = self._machines(self._session, self._ledger, begin)
            self._cause_finder = (begin, CauseFinder(self._session, machine))
        return self._cause_finder[1]

    def _rows(
        self, plan: Plan, reasons: list[tuple[Absent, str]], begin: int
    ) -> tuple[list[RunRow], tuple[str, ...]]:
        if not reasons:
            return [], ()
        standing = self._ledger.standing(plan.task, begin, MOST_SINGLE)
        about = None if standing is None else (standing.cause, standing.blocker, standing.count)
        rows: list[RunRow] = []
        replaced: tuple[str, ...] = ()
        for stretch in stretches(reasons, most_single=MOST_SINGLE, standing=about):
            if stretch.joins and standing is not None:
                replaced = standing.run_ids
                longer = stretch.replace(
                    first_us=standing.first_us, count=standing.count + stretch.count
                )
                rows.append(_row(plan, longer, standing.run_ids[-1], self._reason(plan, longer)))
            else:
                run_id = make_run_id(stretch.last_us, os.urandom(4))
                rows.append(_row(plan, stretch, run_id, self._reason(plan, stretch)))
        return rows, replaced

    def _reason(self, plan: Plan, stretch: Stretch) -> str:
        if stretch.blocker is not None:
            return f"run {stretch.blocker} of {plan.task} was under way"
        detail = self._ask(stretch.last_us).detail(plan, stretch.cause, stretch.last_us)
        return cause_in_words(stretch.cause, detail)


def _row(plan: Plan, stretch: Stretch, run_id: str, reason: str) -> RunRow:
    swallowed = stretch.blocker is not None
    first, last = _shown(stretch.first_us), _shown(stretch.last_us)
    skipped = swallowed or stretch.cause == "condition_failed"  # the unit says when it is to run
    word = "Skipped" if skipped else "Missed"
    many = f" {stretch.count} fires from {first} to {last}" if stretch.count > 1 else ""
    return RunRow(
        run_id=run_id,
        task=plan.task,
        status=(RunStatus.SKIPPED if skipped else RunStatus.MISSED).value,
        error_code=stretch.cause,
        trigger=Trigger.TIMER.value,
        scheduled_for=stretch.last_us,
        started_at=stretch.last_us,
        finished_at=stretch.last_us,
        exit_code=0 if skipped else 1,
        summary=f"{word}{many}: {reason}",
        blocked_by=stretch.blocker,
        plan_hash=plan.plan_hash,
        details={
            "reason": reason,
            "count": stretch.count,
            "first": first,
            "last": last,
            "first_us": stretch.first_us,
            **({"blocked_by": stretch.blocker} if swallowed else {}),
        },
    )


def _timers(session: Session, task: str | None) -> Iterator[InstalledTimer]:
    """Yield the installed timers that have calendars."""
    names = planned_tasks(session.paths) if task is None else [task]
    if names:
        begin = session.now_us() // _LOOK_AGAIN_US * _STEP % len(names)
        names = names[begin:] + names[:begin]
    for plan in (read_plan(session.paths, name) for name in names):
        timer = None if plan is None else read_timer(session.paths, plan)
        if timer is not None and timer.calendars:
            yield timer


def _beginning(timer: InstalledTimer, before: int | None) -> int | None:
    """Return the instant after which fires were expected of the timer as it is now."""
    if before is not None:
        return max(before, timer.written_us)
    return None if timer.enabled_us is None else max(timer.enabled_us, timer.written_us)


def _is_masked(state: UnitDetail | None) -> bool:
    return state is not None and state.load_state == "masked"


def _is_time(ledger: FireLedger, now_us: int) -> bool:
    last = ledger.checked_until(_ALL)
    return last is None or not 0 <= now_us - last < _LOOK_AGAIN_US


def _shown(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="microseconds")

"""Waits for runs by sleeping on their locks: the kernel frees one when its runner ends."""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from docket.app.record.liveness import alive_here, await_release, is_held, lock_dir_of
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.session.session import Session
from docket.app.text.documents import run_document
from docket.errors import RunnerDiedError, UsageError
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.runfiles import LOCK, run_file
from docket.store.eventdetails import with_events
from docket.store.holders import is_over, open_holder

if TYPE_CHECKING:
    from docket.app.runs.shapes import WaitTimeoutDocument
    from docket.app.text.shapes import RunDocument

_OWN_RUN = "DOCKET_RUN_ID"
_SETTLE_SECONDS = 10.0  # between a runner's death and the row that its finalizer closes
_LOOK_SECONDS = 0.05
_RECHECK_SECONDS = 1.0
_UNSETTLED_EXIT = 1


class Waited(Record):
    """One run that was waited for; `over` is False if the time ran out before its end."""

    run: RunRecord
    over: bool

    @property
    def exit_code(self) -> int:
        """The exit code of the run: 0, 1, or 130 if it was cancelled."""
        if not self.over:
            return _UNSETTLED_EXIT
        status = self.run.status
        return status.exit_code if self.run.exit_code is None else self.run.exit_code

    def document(self) -> RunDocument | WaitTimeoutDocument:
        """Return the run, or what was last seen of it."""
        if self.over:
            return run_document(self.run)
        return {
            "run_id": self.run.run_id,
            "task_name": self.run.task,
            "status": "wait_timeout",
            "last_seen_status": str(self.run.status),
        }


class WaitReport(Record):
    """The outcomes of the runs, in the order in which they were named.

    With `any_of` only those that are over are in it, unless the time ran out for all of them.
    """

    waited: tuple[Waited, ...]
    asked: int

    @property
    def exit_code(self) -> int:
        """The first exit code that is not 0; 0 if every run succeeded."""
        return next((each.exit_code for each in self.waited if each.exit_code), 0)

    def document(
        self,
    ) -> RunDocument | WaitTimeoutDocument | list[RunDocument | WaitTimeoutDocument]:
        """Return one object for one run that was asked for, and a list for several."""
        documents = [each.document() for each in self.waited]
        return documents[0] if self.asked == 1 else documents


def wait(
    session: Session,
    run_ids: Sequence[str],
    *,
    any_of: bool = False,
    timeout_seconds: float | None = None,
) -> WaitReport:
    """Return when all runs are over, or with `any_of` one of them, or after `timeout_seconds`.

    A run is over when its runner has let go of its lock: its hooks have run too. Raises
    RunNotFoundError before it waits, and RunnerDiedError if a runner died and nobody knows more.
    """
    if not run_ids:
        raise UsageError("There is no run to wait for.", hint="docket runs lists the runs.")
    with open_record(session) as reader:
        named = [find_run(reader, run_id) for run_id in run_ids]
    seen = {run.run_id: run for run in named}
    wanted = list(seen)
    refuse_own_run(session, seen)
    over = _gather(session, list(seen.values()), any_of, timeout_seconds)
    if len(over) < (1 if any_of else len(wanted)):
        with open_record(session) as reader:
            seen = {run_id: find_run(reader, run_id) for run_id in wanted}
    chosen = wanted if not (any_of and over) else [run_id for run_id in wanted if run_id in over]
    waited = tuple(Waited(over.get(run_id, seen[run_id]), run_id in over) for run_id in chosen)
    return WaitReport(waited, len(wanted))


def until_over(
    session: Session, run: RunRecord, asleep: Callable[[str], bool] = await_release
) -> RunRecord:
    """Sleep until the run is over and return it as it is then recorded.

    `asleep` does the sleeping, as `await_release` does; what it raises ends the waiting.
    """
    looked = _Look(session, run)
    while True:
        slept_from = time.monotonic()
        if asleep(looked.lock) and time.monotonic() - slept_from > _LOOK_SECONDS:
            looked.free_since = None
        found = looked.at_record()
        if found is not None:
            return found
        time.sleep(looked.pause)


class _Look:
    """One run that is waited for; `free_since` is when it was first seen without its lock."""

    def __init__(self, session: Session, run: RunRecord) -> None:
        self.run = run
        self.lock = run_file(lock_dir_of(session.paths, run.task), run.run_id, LOCK)
        self.free_since: float | None = None
        self.pause = _LOOK_SECONDS  # until the next look
        self._session = session
        self._runner: int | None = None

    def at_record(self) -> RunRecord | None:
        """Return the run if it is over, now that nobody holds its lock.

        No lock and no end: its runner is about to take the lock, or died without a word. Raises
        RunnerDiedError if nobody closes it in time.
        """
        with open_record(self._session) as reader:
            found = find_run(reader, self.run.run_id)
            if found.status.final:
                return with_events(reader, found)
        self.free_since = self.free_since or time.monotonic()
        late = time.monotonic() - self.free_since > _SETTLE_SECONDS
        alive = alive_here(found, self._session.paths) if late else None
        if alive:
            self.pause = _RECHECK_SECONDS  # a worker of docket-cli, which holds none of our locks
        elif late:
            raise RunnerDiedError(
                f"The runner of run {found.run_id} is gone, and the end of the run was not "
                "recorded.",
                hint="docket doctor says more.",
                run_id=found.run_id,
                task=found.task,
            )
        return None

    def runner(self) -> int | None:
        """Return a pidfd of the process that holds the lock, None if the kernel names none."""
        if self._runner is not None and is_over(self._runner):
            self.close()
        if self._runner is None:
            found = open_holder(self.lock)
            self._runner = None if found is None else found[1]
        return self._runner

    def close(self) -> None:
        """Let go of the process."""
        if self._runner is not None:
            os.close(self._runner)
            self._runner = None


def refuse_own_run(session: Session, seen: dict[str, RunRecord]) -> None:
    """Raise UsageError if the caller itself is part of a run that it would wait for."""
    own = seen.get(session.environ.get(_OWN_RUN, ""))
    if own is not None:
        raise UsageError(
            f"Run {own.run_id} cannot wait for its own end.",
            hint="In a hook, DOCKET_STATUS says how its run ended.",
        )


def _gather(
    session: Session, runs: list[RunRecord], any_of: bool, timeout_seconds: float | None
) -> dict[str, RunRecord]:
    """Return the runs that are over, by id, when enough are or the time is up."""
    if timeout_seconds is None and not (any_of and len(runs) > 1):
        return {run.run_id: until_over(session, run) for run in runs}
    deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
    over: dict[str, RunRecord] = {}
    with ExitStack() as kept:
        looks = [_Look(session, run) for run in runs]
        for look in looks:
            kept.callback(look.close)
        while True:
            for look in [look for look in looks if not is_held(look.lock)]:
                found = look.at_record()
                if found is not None:
                    over[found.run_id] = found
                    looks.remove(look)
            left = deadline - time.monotonic()
            if not looks or (any_of and over) or left <= 0:
                return over
            _sleep(looks, left)


def _sleep(looks: Sequence[_Look], seconds: float) -> None:
    """Sleep until a runner ends, or `seconds` at most.

    On processes and not on the locks themselves: flock(2) takes no timeout, and a thread that
    slept on one would be left behind by each wait whose time ran out.
    """
    waking = select.poll()
    longest = _RECHECK_SECONDS
    for look in looks:
        runner = look.runner()
        if runner is None:
            longest = min(longest, look.pause)
        else:
            waking.register(runner, select.POLLIN)
    waking.poll(min(seconds, longest) * 1000)

"""Closing runs that nobody else can close: a row says running, and its lock is free."""

from __future__ import annotations

import contextlib

from docket.app.record.deathcause import cause_of_death
from docket.app.record.liveness import alive_here, dead_rows, is_held, leftovers_owner, lock_dir_of
from docket.app.record.owedhooks import Owed, is_owed_something, start
from docket.app.session.session import Session
from docket.errors import StoreError
from docket.model.records import RunRecord
from docket.model.states import RunStatus
from docket.runfiles import REQUEST, boot_id, remove_run_files, run_file
from docket.store.closing import close_run, write_end, write_missing
from docket.store.reader import Reader, open_reader
from docket.store.spool import merge, spool_directories, spooled_rows
from docket.strays import is_runner, kill_leftovers

_STARTING_US = 120_000_000  # how long the runner of a pending run may take to hold its lock


def reconcile(session: Session, state_db: str, owed: list[Owed] | None = None) -> int:
    """Close every run whose runner is gone, with its true cause; return how many there were.

    Their pending hooks and notifications start in background processes, or are added to `owed`. A
    run that ends during the check is left to its own runner. Raises StoreError.
    """
    take_in_the_unwritten(session, state_db)
    with open_reader(state_db) as reader:
        suspected = suspects(session, reader)
    if not suspected:
        return 0
    # A runner that could not write its end has spooled it before it let its lock go.
    spools = spool_directories(state_db, session.paths.lock_dir)
    merge(state_db, spools)
    # If the database was locked, the true end still waits there, or in the lock of the run.
    waiting = {row.run_id for row in spooled_rows(spools)}
    waiting |= {row.run_id for row in dead_rows(session.paths.lock_dir) if row.finished_at}
    with open_reader(state_db) as reader:
        found = [reader.run(run.run_id) for run in suspected if run.run_id not in waiting]
    dead = [run for run in found if run is not None and not run.status.final]
    closed = [run for run in dead if _close(session, state_db, run)]
    left = [Owed(run.task, run.run_id) for run in closed if is_owed_something(session, run.task)]
    if owed is None:
        start(session, left)
    else:
        owed += left
    return len(closed)


def take_in_the_unwritten(session: Session, state_db: str) -> None:
    """Write what only the locks of dead runs hold.

    That is the end, where every disk was full, and the beginning, where the runner died before
    the database took it.
    """
    rows = dead_rows(session.paths.lock_dir)
    if not rows:
        return
    for row in rows:
        if row.finished_at is not None and write_end(state_db, row):
            remove_run_files(session.paths.lock_dir, row.run_id)
    with open_reader(state_db) as reader:
        missing = [row for row in rows if reader.run(row.run_id) is None]
    if missing:
        write_missing(state_db, missing)


def suspects(session: Session, reader: Reader) -> list[RunRecord]:
    """Return the runs that are recorded as under way, and whose runner seems to be gone."""
    return [run for run in reader.running() if _seems_dead(session, run)]


def clear_the_way(session: Session, state_db: str) -> None:
    """Close the dead runs before a start without a unit, which a dead run's lock would not stop.

    The lock of a task is free once its runner is dead, but without a unit the command of that run
    may go on, and a second one would run beside it. A record that cannot be read stops nothing.
    """
    with contextlib.suppress(StoreError):
        reconcile(session, state_db)


def _seems_dead(session: Session, run: RunRecord) -> bool:
    alive = alive_here(run, session.paths)
    if alive is not None:
        return not alive
    if run.status is RunStatus.PENDING:
        asked = run_file(lock_dir_of(session.paths, run.task), run.run_id, REQUEST)
        # The starter holds its request meanwhile, however long a busy machine takes.
        return not is_held(asked) and session.now_us() - run.started_us > _STARTING_US
    # Its lock file is gone: its runner removed it as the last thing, or the runtime directory went.
    return run.pid is None or not is_runner(run.pid)


def _close(session: Session, state_db: str, run: RunRecord) -> bool:
    if run.unit is None and run.boot_id == boot_id():
        # A unit's control group would have ended them with the runner.
        kill_leftovers(run.run_id, leftovers_owner(session.paths, run.task))
    told = cause_of_death(session, run)
    if told is None or not close_run(
        state_db, run.run_id, told.end, finished_us=told.at_us, details={"asked": told.asked}
    ):
        return False
    remove_run_files(lock_dir_of(session.paths, run.task), run.run_id)
    return True

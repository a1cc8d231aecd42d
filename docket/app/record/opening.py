"""Opening the record of runs of this home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docket.app.catalog.lookup import state_db
from docket.app.catalog.ownstore import own_store
from docket.app.record.liveness import held_runs, unwritten_rows
from docket.app.record.reconcile import reconcile, take_in_the_unwritten
from docket.app.session.session import Session
from docket.errors import UsageError
from docket.model.task import Config
from docket.store.closing import close_killed
from docket.store.reader import Reader, open_reader
from docket.store.spool import merge, spool_directories, spooled_rows
from docket.store.takeover.latecomers import has_latecomers

_MOST = 2**31


@contextmanager
def open_record(session: Session, config: Config | None = None) -> Iterator[Reader]:
    """Open the record for reading, after spooled runs were merged and dead ones closed.

    A run that the database could not take is read from the lock that it holds, or from the spool.
    `config` spares the looking where the caller has read it. A record that does not exist yet
    reads as empty and is not made. A session that keeps nothing only reads. Raises StoreError.
    """
    path = own_store(config.state_db) if config is not None else state_db(session)
    spools = spool_directories(path, session.paths.lock_dir)
    if session.keeps:
        merge(path, spools)
        _take_in(path)
        reconcile(session, path)
    held = held_runs(session.paths.lock_dir)
    with open_reader(path) as reader:
        missing = [run_id for run_id in held if reader.run(run_id) is None]
        rows = unwritten_rows(session.paths.lock_dir, missing) if missing else []
        rows += [row for row in spooled_rows(spools) if reader.run(row.run_id) is None]
        if rows:
            reader.show_as_well(rows)
        yield reader


def _take_in(path: str) -> None:
    """Take in what docket-cli 0.2 recorded after its database became this store."""
    with open_reader(path) as reader:
        waits = has_latecomers(reader)
    if waits:
        from docket.store.takeover.latecomers import take_in  # noqa: PLC0415  (hardly ever)

        take_in(path)


def close_killed_run(session: Session, run_id: str, signal_number: int) -> None:
    """Record that the runner of a run, a child of ours, was killed, where that can be recorded."""
    path = state_db(session)
    take_in_the_unwritten(session, path)
    close_killed(path, run_id, signal_number=signal_number, now_us=session.now_us())


def checked_limit(limit: int, option: str = "--limit") -> int:
    """Return a count of rows that SQLite takes; UsageError below 1."""
    if limit < 1:
        raise UsageError(f"{option} must be at least 1, not {limit}.")
    return min(limit, _MOST)

"""Opening the record of runs of this home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

from docket.app.catalog.lookup import state_db
from docket.app.catalog.ownstore import own_store
from docket.app.record.liveness import held_runs, unwritten_rows
from docket.app.record.owedhooks import Owed, is_owed_something, start
from docket.app.record.reconcile import reconcile, suspects, take_in_the_unwritten
from docket.app.session.session import Session
from docket.errors import UsageError
from docket.model.task.task import Config
from docket.store.closing import close_killed
from docket.store.maintenance.latecomers import has_latecomers
from docket.store.reader import Reader, open_reader
from docket.store.spool import merge, spool_directories, spooled_rows

_MOST = 2**31
_MERGE_SECONDS = 0.5  # how long merging waits for a lock; with the reader's wait two seconds


@contextmanager
def open_record(session: Session, config: Config | None = None) -> Iterator[Reader]:
    """Open the record for reading, after spooled runs were merged and dead ones closed.

    A run that the database could not take is read from the lock that it holds, or from the spool.
    `config` spares the looking if the caller has read it. A record that does not exist yet
    reads as empty and is not made. A session that keeps nothing only reads. Within the `with`, a
    use case that opens it again gets the same reader. Raises StoreError.
    """
    path = own_store(config.state_db) if config is not None else state_db(session)
    key = (path, get_ident())
    shared = session.readers.get(key)
    if shared is not None:
        yield shared
        return
    with _settled(session, path) as reader:
        session.readers[key] = reader
        try:
            yield reader
        finally:
            del session.readers[key]


@contextmanager
def _settled(session: Session, path: str) -> Iterator[Reader]:
    """Open the record with all that is known now: it is opened twice only if that changes it."""
    spools = spool_directories(path, session.paths.lock_dir)
    if session.keeps:
        merge(path, spools, _MERGE_SECONDS)
        take_in_the_unwritten(session, path)
    with open_reader(path) as reader:
        waits = session.keeps and has_latecomers(reader)
        if not waits and not (session.keeps and suspects(session, reader)):
            _show_unwritten(session, reader, spools)
            yield reader
            return
    if waits:
        from docket.store.maintenance.latecomers import take_in  # noqa: PLC0415  (hardly ever)

        take_in(path)
    reconcile(session, path)
    with open_reader(path) as reader:
        _show_unwritten(session, reader, spools)
        yield reader


def _show_unwritten(session: Session, reader: Reader, spools: list[str]) -> None:
    """Let the reader see the runs that the database could not take yet."""
    lock_dir = session.paths.lock_dir
    missing = [run_id for run_id in held_runs(lock_dir) if reader.run(run_id) is None]
    rows = unwritten_rows(lock_dir, missing) if missing else []
    rows += [row for row in spooled_rows(spools) if reader.run(row.run_id) is None]
    if rows:
        reader.show_as_well(rows)


def close_killed_run(session: Session, task: str, run_id: str, signal_number: int) -> None:
    """Record that the runner of a run, a child of ours, was killed, if that can be recorded.

    What is pending then starts in a background process, as when a reader closes the run.
    """
    path = state_db(session)
    take_in_the_unwritten(session, path)
    closed = close_killed(path, run_id, signal_number=signal_number, now_us=session.now_us())
    if closed and is_owed_something(session, task):
        start(session, [Owed(task, run_id)])


def checked_limit(limit: int, option: str = "--limit") -> int:
    """Return a count of rows that SQLite takes; UsageError below 1."""
    if limit < 1:
        raise UsageError(f"{option} must be at least 1, not {limit}.")
    return min(limit, _MOST)

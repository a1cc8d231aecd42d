"""Opening the record of runs where this home keeps it, and finding a run in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from docket.app.lookup import state_db
from docket.app.reconcile import reconcile
from docket.app.session import Session
from docket.errors import RunNotFoundError, RunPrunedError, UsageError
from docket.model.records import RunRecord
from docket.model.runid import is_run_id
from docket.model.task import Config
from docket.store.closing import close_killed
from docket.store.reader import Reader, open_reader
from docket.store.retention import pruned_at
from docket.store.spool import merge, spool_directories

_LONGEST_SHOWN = 80
_MOST = 2**31


@contextmanager
def open_record(session: Session, config: Config | None = None) -> Iterator[Reader]:
    """Open the record for reading, after spooled runs were merged and dead ones closed.

    `config` spares the looking where the caller has read it. A record that does not exist yet
    reads as empty and is not made. Raises StoreError.
    """
    path = config.state_db if config is not None else state_db(session)
    merge(path, spool_directories(path, session.paths.lock_dir))
    _take_in(path)
    reconcile(session, path)
    with open_reader(path) as reader:
        yield reader


def _take_in(path: str) -> None:
    """Take in what docket-cli 0.2 recorded after its database became this store."""
    with open_reader(path) as reader:
        waits = reader.has_rows_of_reference()
    if waits:
        from docket.store.takeover import take_in  # noqa: PLC0415  (hardly ever)

        take_in(path)


def close_killed_run(session: Session, run_id: str, signal_number: int) -> None:
    """Record that the runner of a run, a child of ours, was killed, where that can be recorded."""
    close_killed(state_db(session), run_id, signal_number=signal_number, now_us=session.now_us())


def find_run(reader: Reader, run_id: str) -> RunRecord:
    """Return the run of that id, or raise RunNotFoundError."""
    # docket-cli took any text for an id, and its runs are here too.
    run = reader.run(run_id) if run_id.isprintable() else None
    if run is None:
        at_us = pruned_at(reader, run_id) if is_run_id(run_id) else None
        raise not_found(run_id) if at_us is None else _pruned(run_id, at_us)
    return run


def _pruned(run_id: str, at_us: int) -> RunPrunedError:
    day = datetime.fromtimestamp(at_us / 1e6, UTC).date()
    return RunPrunedError(
        f"Run {run_id} is pruned: by `retention`, the runs of that time were removed on {day}.",
        hint="`retention` in the config says how long runs are kept.",
        run_id=run_id,
        status="pruned",
    )


def not_found(run_id: str) -> RunNotFoundError:
    """Return the error for an id that no run has, whatever the text is."""
    shown = run_id if len(run_id) <= _LONGEST_SHOWN else run_id[:_LONGEST_SHOWN] + "..."
    if is_run_id(run_id):
        sentence = f"There is no run {run_id}."
    else:
        sentence = f"There is no run {shown!r}: that is no run id."
    return RunNotFoundError(
        sentence, hint="docket runs lists the runs and their ids.", run_id=shown, status="not_found"
    )


def checked_limit(limit: int, option: str = "--limit") -> int:
    """Return a count of rows that SQLite takes; UsageError below 1."""
    if limit < 1:
        raise UsageError(f"{option} must be at least 1, not {limit}.")
    return min(limit, _MOST)

"""Removing old runs with all that belongs to them, and remembering that they were there.

A step is one transaction of bounded size, and between two steps the database is free for as long as
the last one took: runs that begin or end meanwhile are recorded at once.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress

from docket.model.record import Record
from docket.model.runid import is_run_id
from docket.model.states import RunStatus
from docket.store.connection import Transaction
from docket.store.incidents import FIRST_FAILURE
from docket.store.logfiles import NEWER_SEGMENT, OLDER_SEGMENT, log_path
from docket.store.maintenance.prunenotes import RUNS, note_of, write_note
from docket.store.reader import Reader

BATCH = 500  # runs
_MOST_EVENTS = 5000  # in one transaction
_LONGEST_PAUSE_SECONDS = 0.25
_SEGMENTS = ("", NEWER_SEGMENT, OLDER_SEGMENT)

Place = tuple[int, int]  # started_at and seq of a run: the order of a task's history


class Keep(Record):
    """What is kept of a task: its newest `runs`, and those that ended after `after_us`.

    A run is removed that is beyond either; with `whichever_is_more` only one that is beyond both.
    Successes that began after `successes_after_us` stay whatever else is said.
    """

    runs: int | None = None
    after_us: int | None = None
    whichever_is_more: bool = False
    successes_after_us: int | None = None


class PrunedRuns(Record):
    """How many runs were removed, and whether there are more to remove."""

    runs: int
    more: bool


def prune(
    connection: sqlite3.Connection, task: str, keep: Keep, *, log_dir: str, now_us: int, most: int
) -> PrunedRuns:
    """Remove the runs of a task that are not kept, oldest first, at most about `most` of them.

    Their events, attempts, hooks and log files go with them. What is not over stays, and so do the
    last run, the last success and the first failure since. Raises sqlite3.Error and OSError.
    """
    removed = 0
    ranges = _ranges(connection, task, keep)
    for last, ended_before in ranges:
        while removed < most:
            batch = _batch(connection, task, keep, last, ended_before)
            if not batch:
                break
            for run_id, path in batch:
                # First: a log whose row is gone would never be found again.
                remove_log(log_dir, run_id, path)
            for part in _parts(connection, [run_id for run_id, _path in batch]):
                with paused(), Transaction(connection, durable=True):
                    connection.executemany(
                        "DELETE FROM runs WHERE run_id = ?", [(run_id,) for run_id in part]
                    )
                    _remember(connection, task, part, now_us)
            removed += len(batch)
    more = removed >= most and any(_batch(connection, task, keep, *each) for each in ranges)
    return PrunedRuns(removed, more)


def pruned_at(reader: Reader, run_id: str) -> int | None:
    """Return when the runs of that time were pruned, None if none were."""
    rows = reader.query(
        "SELECT max(at) FROM audit WHERE verb = ? AND json_extract(details, '$.first') <= ? "
        "AND json_extract(details, '$.last') >= ?",
        RUNS,
        run_id,
        run_id,
    )
    return None if rows[0][0] is None else int(rows[0][0])


def last_run_of(connection: sqlite3.Connection, task: str) -> str | None:
    """Return the id of the run that `status` shows of a task."""
    row = connection.execute(
        "SELECT last_run_id FROM task_state WHERE task = ?", (task,)
    ).fetchone()
    return None if row is None else row[0]


def remove_log(log_dir: str, run_id: str, path: str | None) -> bool:
    """Remove the log of a run; return whether there was one.

    Its row says where it is. A path outside the directory of logs is left alone, and so is the id
    of a run of docket-cli, which took any text for one, if it would lead out of there.
    """
    found = False
    names = {log_path(log_dir, run_id)} if is_run_id(run_id) else set()
    if path is not None and os.path.dirname(path) == log_dir and path.endswith(".log"):
        names.add(path)
    for name in names:
        for segment in _SEGMENTS:
            with suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(name + segment)
                found = True
    return found


class paused:  # noqa: N801  (a context, used as a function is)
    """Leave the database alone afterwards for as long as the block took."""

    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        time.sleep(min(time.monotonic() - self._began, _LONGEST_PAUSE_SECONDS))


def _ranges(
    connection: sqlite3.Connection, task: str, keep: Keep
) -> list[tuple[Place, int | None]]:
    """Return up to where in the history runs go, each with the instant that they ended before."""
    boundary = None if keep.runs is None else _oldest_kept(connection, task, keep.runs)
    # A run that ended before an instant began before it, so the index bounds what is looked at.
    cutoff = None if keep.after_us is None else (keep.after_us, 0)
    if not keep.whichever_is_more:
        found = [(cutoff, keep.after_us), (boundary, None)]
    elif cutoff is None or boundary is None:
        return []
    else:
        found = [(min(cutoff, boundary), keep.after_us)]
    return [(place, instant) for place, instant in found if place is not None]


def _oldest_kept(connection: sqlite3.Connection, task: str, keep_runs: int) -> Place | None:
    row: Place | None = connection.execute(
        "SELECT started_at, seq FROM runs WHERE task = ? ORDER BY started_at DESC, seq DESC "
        "LIMIT 1 OFFSET ?",
        (task, keep_runs - 1),
    ).fetchone()
    return row


def _batch(
    connection: sqlite3.Connection, task: str, keep: Keep, last: Place, ended_before: int | None
) -> list[tuple[str, str | None]]:
    """Return the oldest runs that go, as (id, log), a batch of them at most."""
    held = _held(connection, task)
    rows: list[tuple[str, str | None]] = connection.execute(
        "SELECT run_id, log_path FROM runs WHERE task = ? AND (started_at, seq) < (?, ?) "  # noqa: S608
        "AND finished_at IS NOT NULL AND (? IS NULL OR finished_at < ?) "
        "AND NOT (status = ? AND started_at >= coalesce(?, started_at + 1)) "
        f"AND run_id NOT IN ({', '.join('?' * len(held))}) ORDER BY started_at LIMIT ?",
        (
            task,
            *last,
            ended_before,
            ended_before,
            RunStatus.SUCCEEDED.value,
            keep.successes_after_us,
            *held,
            BATCH,
        ),
    ).fetchall()
    return rows


def _held(connection: sqlite3.Connection, task: str) -> list[str]:
    """Return the runs that `status`, `why` and `once_per` look at, however old they are."""
    last = last_run_of(connection, task)
    if last is None:
        return []
    success = connection.execute(
        "SELECT run_id FROM runs r JOIN task_state s ON s.task = r.task WHERE r.task = ? "
        "AND r.started_at <= s.last_success_us AND r.status = ? AND r.dry_run = 0 "
        "ORDER BY r.started_at DESC LIMIT 1",
        (task, RunStatus.SUCCEEDED.value),
    ).fetchone()
    failure = connection.execute(FIRST_FAILURE, (task,)).fetchone()
    return [last, *(row[0] for row in (success, failure) if row is not None)]


def _parts(connection: sqlite3.Connection, run_ids: list[str]) -> Iterator[list[str]]:
    """Yield the runs in groups with few enough events for one transaction.

    Of a run with more events than that, the first ones go beforehand.
    """
    marks = ", ".join("?" * len(run_ids))
    events = dict(
        connection.execute(
            f"SELECT run_id, count(*) FROM events WHERE run_id IN ({marks}) GROUP BY run_id",  # noqa: S608
            run_ids,
        ).fetchall()
    )
    part: list[str] = []
    total = 0
    for run_id in run_ids:
        count = _shortened(connection, run_id, events.get(run_id, 0))
        if part and total + count > _MOST_EVENTS:
            yield part
            part, total = [], 0
        part.append(run_id)
        total += count
    yield part


def _shortened(connection: sqlite3.Connection, run_id: str, count: int) -> int:
    """Remove events of a run until one transaction can take the rest; return how many that is."""
    while count > _MOST_EVENTS:
        with paused(), Transaction(connection):
            done = connection.execute(
                "DELETE FROM events WHERE run_id = ? AND event_index IN (SELECT event_index "
                "FROM events WHERE run_id = ? ORDER BY event_index LIMIT ?)",
                (run_id, run_id, _MOST_EVENTS),
            )
        count -= done.rowcount
    return count


def _remember(connection: sqlite3.Connection, task: str, run_ids: list[str], now_us: int) -> None:
    known = note_of(connection, RUNS, task)
    details = {
        "count": known.get("count", 0) + len(run_ids),
        "first": min(known.get("first", run_ids[0]), *run_ids),
        "last": max(known.get("last", run_ids[0]), *run_ids),
    }
    write_note(connection, RUNS, task, now_us, details)

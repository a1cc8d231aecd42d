"""Taking over the database of docket-cli 0.2: its tables become this store, in one transaction.

Its tables stay, emptied: a worker of it that is still under way, or the old program called once
more, writes into them as ever, and the next command that opens the record merges that
(`latecomers`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from docket.model.rows import RunRow
from docket.model.states import RunStatus
from docket.store.connection import Transaction
from docket.store.rows import write_run
from docket.store.takeover.progress import WATCHER, TakenOver
from docket.store.takeover.reference import (
    EVENTS,
    HISTORY,
    LATEST,
    event_text,
    instant_us,
    now_us,
    run_of_events,
    run_of_history,
    run_of_latest,
)

VERB = "takeover"
_CHUNK = 25_000
_LARGE_BYTES = 256 << 20
_FINAL = ", ".join(f"'{status}'" for status in RunStatus if status.final)
_RAN = ", ".join(f"'{status}'" for status in RunStatus if status.final and status.ran)
_STAMP = "[0-9]" * 8 + "T" + "[0-9]" * 12 + "Z-" + "[0-9a-f]" * 8
_WHOLE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]+00:00"
_FINE = _WHOLE.replace("+00:00", "." + "[0-9]" * 6 + "+00:00")


# What must be there for a table to be docket-cli's.
_COLUMNS = {
    HISTORY: ("run_id", "task_name", "status", "started_at", "finished_at", "exit_code"),
    LATEST: ("task_name", "run_id", "started_at", "last_run", "exit_code"),
    EVENTS: ("id", "run_id", "task_name", "event_index", "timestamp", "event_type", "event"),
}


def take_over(
    connection: sqlite3.Connection, path: str, backup: str, indexes: Sequence[str]
) -> TakenOver:
    """Copy everything, within the caller's transaction, into the new tables; empty the old ones.

    `indexes` are the statements that make the indexes, which are built once the rows are there.
    """
    at_us = now_us()
    total = sum(_count(connection, table) for table in (HISTORY, EVENTS))
    report = _Reporting(total)
    connection.execute("PRAGMA cache_size = -65536")  # KiB
    if _exists(connection, HISTORY):
        _copy_plain_runs(connection, report)
    if _exists(connection, HISTORY):
        _copy_other_runs(connection, at_us)
    if _exists(connection, LATEST):
        _copy_latest(connection)
    for statement in indexes:
        connection.execute(statement)
    if _exists(connection, EVENTS):
        _copy_events(connection, report)
    _work_out_states(connection)
    _empty(connection)
    result = TakenOver(
        path=path,
        backup=backup,
        runs=_count(connection, "runs"),
        events=_count(connection, "events"),
        tasks=connection.execute("SELECT count(DISTINCT task) FROM runs").fetchone()[0],
        at_us=at_us,
    )
    connection.execute(
        "INSERT INTO audit (at, uid, verb, details) VALUES (?, ?, ?, ?)",
        (at_us, os.getuid(), VERB, json.dumps(result.document())),
    )
    return result


def finish(connection: sqlite3.Connection, result: TakenOver) -> None:
    """After the commit: give back the room of the old rows, close the files to others, report.

    A large file keeps that room for the rows to come: to write it all once more takes too long.
    """
    with suppress(sqlite3.Error, OSError):  # at worst the file stays larger than it need be
        if os.path.getsize(result.path) <= _LARGE_BYTES:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    close_to_others(result.path)
    watcher = WATCHER.get()
    if watcher is not None:
        watcher.done(result)


def close_to_others(path: str) -> None:
    """Make the files of the store 0600, and docket-cli's own directories around it 0700."""
    home = os.path.dirname(path)
    for suffix in ("", "-wal", "-shm"):
        _set_mode(path + suffix, 0o600)
    if not os.path.isfile(os.path.join(home, "config.yaml")):
        return  # `state_dir` leads elsewhere, into a directory that may be anybody's
    for directory in (home, os.path.join(home, "locks"), os.path.join(home, "logs")):
        _set_mode(directory, 0o700)
    logs = os.path.join(home, "logs")
    with suppress(OSError):
        for name in os.listdir(logs):
            _set_mode(os.path.join(logs, name), 0o600)


def _set_mode(path: str, mode: int) -> None:
    with suppress(OSError):
        kind = os.lstat(path)
        if kind.st_uid == os.geteuid() and not stat.S_ISLNK(kind.st_mode):
            os.chmod(path, mode)


def is_reference(connection: sqlite3.Connection) -> bool:
    """Whether the file holds tables of docket-cli, with the columns that they have there."""
    return all(
        not found or found.issuperset(needed)
        for table, needed in _COLUMNS.items()
        for found in [_columns(connection, table)]
    ) and any(_columns(connection, table) for table in (HISTORY, LATEST))


def take_in(connection: sqlite3.Connection) -> int:
    """Copy what docket-cli wrote after the take-over; return how many runs that were."""
    with Transaction(connection, durable=True):
        count = _count(connection, "runs")
        if _exists(connection, HISTORY):
            for row in _rows(connection, f"SELECT * FROM {HISTORY}"):  # noqa: S608
                _take_in_run(connection, row)
        if _exists(connection, LATEST):
            _copy_latest(connection)
        if _exists(connection, EVENTS):
            _copy_events(connection, _Reporting(0))
        _work_out_states(connection)
        _empty(connection)
        return _count(connection, "runs") - count


class _Reporting:
    """Passes on to the watcher how far the copying is."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._watcher = WATCHER.get()

    def add(self, rows: int) -> None:
        """Count rows that are copied."""
        self._done += rows
        if self._watcher is not None and self._total:
            self._watcher.progress(min(self._done, self._total), self._total)


def _instant(column: str) -> str:
    """Return SQL for the microseconds of an instant of one of the two plain shapes."""
    return (
        f"(CAST(strftime('%s', substr({column}, 1, 19)) AS INTEGER) * 1000000 + "
        f"iif(length({column}) = 32, CAST(substr({column}, 21, 6) AS INTEGER), 0))"
    )


def _is_instant(column: str) -> str:
    return (
        f"typeof({column}) = 'text' AND ({column} GLOB '{_FINE}' OR {column} GLOB '{_WHOLE}') "
        f"AND strftime('%s', substr({column}, 1, 19)) IS NOT NULL"
    )


# Rows that SQL can copy exactly, without Python.
_PLAIN = (
    f"run_id GLOB '{_STAMP}' AND length(run_id) = 31 AND typeof(task_name) = 'text' "
    f"AND status IN ({_FINAL}) AND {_is_instant('started_at')} AND {_is_instant('finished_at')} "
    "AND typeof(exit_code) = 'integer' AND typeof(summary) = 'text' "
    "AND typeof(details) = 'text' AND substr(details, 1, 1) = '{' "
    # What follows a NUL, SQLite's JSON functions do not see.
    "AND instr(details, char(0)) = 0 AND json_valid(details)"
)
_COPY_RUNS = (
    "INSERT INTO runs (run_id, task, status, trigger, started_at, finished_at, exit_code, summary, "  # noqa: S608
    "details, dry_run, log_path) SELECT run_id, task_name, status, "
    "iif(instr(details, '\"mode\"') AND json_extract(details, '$.mode') = 'async', "
    "'async', 'unknown'), "
    f"{_instant('started_at')}, {_instant('finished_at')}, exit_code, summary, details, "
    "dry_run <> 0, iif(instr(details, '\"log_path\"') AND "
    "json_type(details, '$.log_path') = 'text', json_extract(details, '$.log_path'), NULL) "
    f"FROM {HISTORY} WHERE rowid BETWEEN ? AND ? AND {_PLAIN} ORDER BY rowid"
)


def _copy_plain_runs(connection: sqlite3.Connection, report: _Reporting) -> None:
    for first, last in _chunks(connection, HISTORY):
        connection.execute(_COPY_RUNS, (first, last))
        report.add(last - first + 1)


def _copy_other_runs(connection: sqlite3.Connection, at_us: int) -> None:
    others = _rows(
        connection,
        f"SELECT h.* FROM {HISTORY} h WHERE h.run_id IS NULL OR NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM runs r WHERE r.run_id = h.run_id) ORDER BY h.rowid",
    )
    for row in others:
        _insert(connection, run_of_history(row, at_us))


def _take_in_run(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    run = run_of_history(row, now_us())
    known = connection.execute(
        "SELECT finished_at FROM runs WHERE run_id = ?", (run.run_id,)
    ).fetchone()
    if known is None or known[0] is None:
        write_run(connection, run)


def _copy_latest(connection: sqlite3.Connection) -> None:
    """Keep the latest runs that the history does not have."""
    missing = _rows(
        connection,
        f"SELECT l.* FROM {LATEST} l WHERE l.run_id IS NULL OR NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM runs r WHERE r.run_id = l.run_id)",
    )
    for row in missing:
        _insert(connection, run_of_latest(row))


def _copy_events(connection: sqlite3.Connection, report: _Reporting) -> None:
    """Copy the events; if two have one number, all of that run are numbered again."""
    connection.create_function("docket_instant", 1, instant_us, deterministic=True)
    connection.create_function("docket_event", 1, event_text, deterministic=True)
    _make_runs_of_events(connection)
    connection.execute("DROP TABLE IF EXISTS temp.renumbered")
    connection.execute(
        "CREATE TEMP TABLE renumbered AS SELECT DISTINCT run_id FROM "  # noqa: S608
        f"(SELECT run_id FROM {EVENTS} GROUP BY run_id, event_index HAVING count(*) > 1 "
        f"UNION ALL SELECT run_id FROM {EVENTS} WHERE typeof(event_index) <> 'integer')"
    )
    at = f"iif({_is_instant('timestamp')}, {_instant('timestamp')}, docket_instant(timestamp))"
    text = (
        "iif(typeof(event) = 'text' AND substr(event, 1, 1) = '{' AND instr(event, char(0)) = 0 "
        "AND json_valid(event), event, docket_event(event))"
    )
    columns = f"coalesce({at}, 0), CAST(timestamp AS TEXT), event_type, {text}"
    unchanged = "run_id NOT IN (SELECT run_id FROM renumbered)"
    for first, last in _chunks(connection, EVENTS):
        connection.execute(
            f"INSERT OR IGNORE INTO events SELECT run_id, event_index, {columns} "  # noqa: S608
            f"FROM {EVENTS} WHERE rowid BETWEEN ? AND ? AND {unchanged} "
            "ORDER BY run_id, event_index",
            (first, last),
        )
        report.add(last - first + 1)
    connection.execute(
        "INSERT INTO events SELECT run_id, row_number() OVER "  # noqa: S608
        "(PARTITION BY run_id ORDER BY event_index, id) + coalesce((SELECT max(k.event_index) "
        f"FROM events k WHERE k.run_id = e.run_id), 0), {columns} "
        f"FROM {EVENTS} e WHERE run_id IN (SELECT run_id FROM renumbered)"
    )
    connection.execute("DROP TABLE temp.renumbered")


def _make_runs_of_events(connection: sqlite3.Connection) -> None:
    """Give events whose run was never recorded a run to belong to."""
    rows = connection.execute(
        f"SELECT run_id, min(task_name), min(docket_instant(timestamp)), "  # noqa: S608
        f"max(docket_instant(timestamp)) FROM {EVENTS} e WHERE NOT EXISTS "
        "(SELECT 1 FROM runs r WHERE r.run_id = e.run_id) GROUP BY run_id"
    ).fetchall()
    for run_id, task, first, last in rows:
        _insert(connection, run_of_events(run_id, task, first or 0, last or 0))


def _work_out_states(connection: sqlite3.Connection) -> None:
    """Work out what is known of each task from its runs."""
    real = f"finished_at IS NOT NULL AND dry_run = 0 AND status IN ({_RAN})"
    latest = (
        "SELECT run_id, started_at, seq FROM runs r WHERE r.task = seen.task "  # noqa: S608
        f"AND {real} ORDER BY started_at DESC, seq DESC LIMIT 1"
    )
    good = (
        "SELECT finished_at FROM runs r WHERE r.task = seen.task AND status = 'succeeded' "
        "AND dry_run = 0 AND finished_at IS NOT NULL ORDER BY started_at DESC, seq DESC LIMIT 1"
    )
    good_start = good.replace("SELECT finished_at", "SELECT started_at")
    connection.execute(
        "INSERT OR REPLACE INTO task_state SELECT task, last, success, (SELECT count(*) FROM "  # noqa: S608
        f"runs r WHERE r.task = known.task AND {real} AND status <> 'succeeded' "
        "AND r.started_at > coalesce(begun, -9223372036854775808)) FROM (SELECT task, "
        f"(SELECT run_id FROM ({latest})) AS last, ({good}) AS success, ({good_start}) AS begun "
        "FROM (SELECT DISTINCT task FROM runs) AS seen) AS known WHERE last IS NOT NULL"
    )


def _empty(connection: sqlite3.Connection) -> None:
    """Empty docket-cli's tables, but for the runs that its workers are still at."""
    if _exists(connection, EVENTS):
        connection.execute(f"DELETE FROM {EVENTS}")  # noqa: S608
    if _exists(connection, LATEST):
        connection.execute(f"DELETE FROM {LATEST}")  # noqa: S608
    if not _exists(connection, HISTORY):
        return
    connection.execute("DROP TABLE IF EXISTS temp.at_work")
    connection.execute(
        f"CREATE TEMP TABLE at_work AS SELECT * FROM {HISTORY} WHERE run_id IN "  # noqa: S608
        "(SELECT run_id FROM runs WHERE finished_at IS NULL)"
    )
    connection.execute(f"DELETE FROM {HISTORY}")  # noqa: S608
    connection.execute(f"INSERT INTO {HISTORY} SELECT * FROM at_work")  # noqa: S608
    connection.execute("DROP TABLE temp.at_work")


def _insert(connection: sqlite3.Connection, run: RunRow) -> None:
    if not _known(connection, run.run_id):  # two rows without an id and with the same contents
        write_run(connection, run)


def _known(connection: sqlite3.Connection, run_id: str) -> bool:
    found = connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return found is not None


def _chunks(connection: sqlite3.Connection, table: str) -> Iterator[tuple[int, int]]:
    low, high = connection.execute(f"SELECT min(rowid), max(rowid) FROM {table}").fetchone()  # noqa: S608
    while low is not None and low <= high:
        # The rowids may have wide gaps.
        end = connection.execute(
            f"SELECT max(rowid) FROM (SELECT rowid FROM {table} WHERE rowid >= ? "  # noqa: S608
            "ORDER BY rowid LIMIT ?)",
            (low, _CHUNK),
        ).fetchone()[0]
        if end is None:
            return
        yield low, end
        low = end + 1


def _rows(connection: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor]


def _count(connection: sqlite3.Connection, table: str) -> int:
    if not _exists(connection, table):
        return 0
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _exists(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return found is not None


def _columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    return frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))

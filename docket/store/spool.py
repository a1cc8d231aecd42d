"""Records that the database could not take: one file a run, merged when it can be written again."""

from __future__ import annotations

import errno
import os

from docket.files import NotPlainError, open_private, read_plain, write_all, write_whole
from docket.model.jsontext import dumps, loads
from docket.model.rows import AttemptRow, HookRow, RunRow
from docket.store.connection import Transaction, sqlite3
from docket.store.opening import open_for_writing
from docket.store.rows import (
    end_of_run,
    write_attempts,
    write_events,
    write_hook,
    write_run,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.store.rows import Event

SPOOL_VERSION = 1
_LARGEST = 1 << 30  # more than a run may report as events
_RECORD = ".json"
_EVENTS = ".events"


def spool_directories(state_db: str, lock_dir: str) -> list[str]:
    """Return where spooled records are: beside the store, else in the runtime directory."""
    return [
        os.path.join(os.path.dirname(state_db), "spool"),
        os.path.join(lock_dir, "spool"),
    ]


def spool(
    directories: list[str],
    row: RunRow,
    attempts: list[AttemptRow],
    hooks: list[HookRow],
    events: list[Event],
) -> str | None:
    """Write the record whole into the first directory that takes it.

    Returns the file's path, or None if none took it.
    """
    text = dumps(
        {
            "spool_version": SPOOL_VERSION,
            "run": row.to_json(),
            "attempts": [attempt.values() for attempt in attempts],
            "hooks": [hook.values() for hook in hooks],
            "events": [list(event) for event in events],
        }
    )
    for directory in directories:
        path = os.path.join(directory, row.run_id + _RECORD)
        try:
            write_whole(path, text.encode())
        except OSError:
            continue
        return path
    return None


def spool_events(directories: list[str], run_id: str, events: list[Event]) -> bool:
    """Append events of a run that goes on; False if no directory takes them."""
    data = "".join(dumps(list(event)) + "\n" for event in events).encode()
    for directory in directories:
        path = os.path.join(directory, run_id + _EVENTS)
        try:
            descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError:
            continue
        return True
    return False


def spooled_files(directories: list[str]) -> list[str]:
    """Return the paths of the spooled files, oldest run first, a run before its events."""
    found = []
    for directory in directories:
        try:
            names = os.listdir(directory)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
                continue
            raise
        found += [os.path.join(directory, n) for n in names if n.endswith((_RECORD, _EVENTS))]
    return sorted(found, key=lambda path: (path.endswith(_EVENTS), os.path.basename(path)))


def spooled_rows(directories: list[str]) -> list[RunRow]:
    """Return the rows of the spooled runs that can be read; `details.spooled` marks them."""
    found = []
    for path in spooled_files(directories):
        if not path.endswith(_RECORD):
            continue
        try:
            row, *_rest = _parse(_read(path).decode())
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
        row.note(spooled=True)
        found.append(row)
    return found


def merge(
    state_db: str, directories: list[str], busy_seconds: float = 2.0, *, upgrade: bool = True
) -> int:
    """Take the spooled records into the database; return how many there were.

    A record that cannot be read or written now stays where it is. A file that holds no record is
    set aside as `<name>.refused`, so that one bad file does not come back for ever. `upgrade` is
    as in `open_for_writing`.
    """
    paths = spooled_files(directories)
    if not paths:
        return 0
    try:
        connection = open_for_writing(state_db, busy_seconds, upgrade=upgrade)
    except (sqlite3.Error, OSError):
        return 0
    merged = 0
    try:
        for path in paths:
            merged += _merge_one(connection, path)
    except sqlite3.Error:
        pass  # still locked, full or broken: the files wait for the next time
    finally:
        connection.close()
    return merged


def _merge_one(connection: sqlite3.Connection, path: str) -> int:
    try:
        data = _read(path)
    except NotPlainError:
        return _set_aside(path)
    except OSError:
        return 0  # another reader was quicker, or it cannot be read now: the next reader tries
    try:
        text = data.decode()
        if path.endswith(_EVENTS):
            return _merge_events(connection, path, text)
        row, attempts, hooks, events = _parse(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        return _set_aside(path)
    with Transaction(connection, durable=True):
        if end_of_run(connection, row.run_id) is None:
            row.note(spooled=True)
            write_run(connection, row, late=True)
            write_attempts(connection, row.run_id, attempts)
            write_events(connection, row.run_id, events)
        for hook in hooks:
            write_hook(connection, row.run_id, hook)
    os.unlink(path)
    return 1


def _read(path: str) -> bytes:
    """Return the bytes of a spooled file; NotPlainError for what cannot be one, OSError."""
    return read_plain(path, _LARGEST, b"[" if path.endswith(_EVENTS) else b"{")[0]


def _set_aside(path: str) -> int:
    os.replace(path, path + ".refused")
    return 0


def _merge_events(connection: sqlite3.Connection, path: str, text: str) -> int:
    run_id = os.path.basename(path).removesuffix(_EVENTS)
    if end_of_run(connection, run_id) is None:
        return 0  # the run goes on, and may still append
    whole = text[: text.rfind("\n") + 1]  # the runner may have died within a line
    with Transaction(connection, durable=True):
        write_events(connection, run_id, [tuple(loads(line)) for line in whole.splitlines()])
    os.unlink(path)
    return 0


def _parse(text: str) -> tuple[RunRow, list[AttemptRow], list[HookRow], list[Event]]:
    document: dict[str, Any] = loads(text)
    if document["spool_version"] != SPOOL_VERSION:
        raise ValueError("not a record of this version")
    return (
        RunRow(**document["run"]),
        [AttemptRow.of(values) for values in document["attempts"]],
        [HookRow.of(values) for values in document["hooks"]],
        [tuple(event) for event in document["events"]],
    )

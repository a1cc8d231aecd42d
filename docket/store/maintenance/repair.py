"""Putting a database that can be used in the place of a damaged one, which is kept beside it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from docket.errors import StoreError
from docket.files import open_private
from docket.model.record import Record
from docket.store.failure import store_error
from docket.store.maintenance.salvage import salvage, settle
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 5.0
_BESIDE = ("-wal", "-shm")


class RepairRefusedError(StoreError):
    """The database cannot be repaired now."""

    code = "store.repair_refused"


class Repaired(Record):
    """The result of a repair: how many runs were saved, and where the broken file is kept."""

    runs: int
    kept: str


def rebuild(path: str, now_us: int) -> Repaired:
    """Make a new database of what can be read of the one at `path`, and put it there.

    Nobody may be writing meanwhile. The broken file is kept as `<path>.broken-<instant>`. Until
    the new one is whole and on disk nothing is moved. Raises RepairRefusedError and StoreError.
    """
    unfinished = f"{path}.repairing"
    with _alone(f"{path}.repair-lock"):
        try:
            _remove(unfinished)
            with closing(open_for_writing(unfinished, _BUSY_SECONDS)) as connection:
                connection.execute("PRAGMA foreign_keys = OFF")
                runs = salvage(path, connection)
                connection.execute("PRAGMA journal_mode = DELETE")  # one file, to be moved
            kept = _swap(path, unfinished, now_us)
        except sqlite3.Error as error:
            raise store_error(path, error) from error
        except OSError as error:
            raise RepairRefusedError(
                f"The database {path} cannot be repaired: {error.strerror}.",
                hint="The directory must be yours, with room for a second database.",
            ) from error
        finally:
            _remove(unfinished)
    return Repaired(runs, kept)


def reconcile_states(path: str) -> None:
    """Set right, in a database that can be written, what does not belong together."""
    try:
        with closing(open_for_writing(path, _BUSY_SECONDS)) as connection:
            settle(connection)
            connection.execute("REINDEX")
    except sqlite3.Error as error:
        raise store_error(path, error) from error


def _swap(path: str, unfinished: str, now_us: int) -> str:
    """Keep the broken file with its journal, and give its name to the new one."""
    instant = datetime.fromtimestamp(now_us / 1e6, UTC)
    kept = f"{path}.broken-{instant:%Y%m%dT%H%M%SZ}"
    number = 1
    while os.path.lexists(kept):
        number += 1
        kept = f"{path}.broken-{instant:%Y%m%dT%H%M%SZ}-{number}"
    os.link(path, kept)
    # The old journal must go first: SQLite would play it into whatever bears the name.
    for suffix in _BESIDE:
        if os.path.lexists(path + suffix):
            os.replace(path + suffix, kept + suffix)
    os.replace(unfinished, path)
    return kept


@contextmanager
def _alone(lock: str) -> Iterator[None]:
    """Hold a lock, so that two repairs do not meet."""
    try:
        descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise RepairRefusedError(
            f"The database cannot be repaired: {lock} cannot be made ({error.strerror}).",
            hint="The directory must be yours, with room for a second database.",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        os.unlink(lock)
    except BlockingIOError:
        raise RepairRefusedError("Another repair of the database is under way.") from None
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    for name in (path, *(path + suffix for suffix in (*_BESIDE, "-journal"))):
        if os.path.lexists(name):
            os.unlink(name)

"""Opening the store: made, taken over from docket-cli or brought to this version if needed."""

from __future__ import annotations

from docket.store.connection import connect, set_up
from docket.store.schema import VERSION, user_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def open_for_writing(path: str, busy_seconds: float, *, upgrade: bool = True) -> sqlite3.Connection:
    """Open the store, making it (0600, in a 0700 directory) or bringing it up if needed.

    Waits `busy_seconds` at most for other writers. Without `upgrade`, for which a job has no time,
    a database of docket-cli or of an older Docket is refused. Raises sqlite3.Error, OSError or
    StoreError.
    """
    connection = connect(path, busy_seconds)
    try:
        current = user_version(connection) == VERSION
        if not current:
            from docket.store.migration import prepare  # noqa: PLC0415  (hardly ever)

            prepare(connection, path, upgrade=upgrade)
        set_up(connection, busy_seconds)
        if not current:
            from docket.store.migration import migrate  # noqa: PLC0415  (hardly ever)

            migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection

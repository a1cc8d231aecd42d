"""The version of the tables, which each file carries; `store.tables` says what they are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

VERSION = 5


def user_version(connection: sqlite3.Connection) -> int:
    """Return the schema version that the file carries; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

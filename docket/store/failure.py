"""Turns an error of SQLite into one sentence for the user."""

from __future__ import annotations

import errno
import sqlite3

from docket.errors import StoreError


def store_error(path: str, error: sqlite3.Error) -> StoreError:
    """Return the error that says in one sentence what SQLite's own means for the user."""
    text = str(error)
    if "locked" in text:
        return StoreError(
            f"The database {path} is locked by another program.",
            hint="Wait for that program to end; runs go on meanwhile and are merged afterwards.",
        )
    if "full" in text:
        return StoreError(
            f"The disk that holds {path} is full.",
            hint="Make room; runs go on meanwhile and are merged afterwards.",
        )
    if is_damage(error):
        return StoreError(
            f"The database {path} is damaged: {text}.",
            hint="docket db repair saves what can still be read, and keeps the broken file.",
        )
    return StoreError(
        f"The database {path} cannot be used: {text}.", hint="Run docket doctor for more."
    )


def unreadable(path: str, error: OSError) -> StoreError:
    """Return the error for a file that the system does not let us read."""
    if error.errno == errno.ELOOP:  # or a chain of links: none is followed at the end of the path
        return StoreError(
            f"{path} is a link, and a link to a database is not followed.",
            hint="Put the database itself there, or let `state_dir` in the config name its place.",
        )
    return StoreError(
        f"The database {path} cannot be read: {error.strerror}.",
        hint="See who owns the file and its directory; docket doctor checks both.",
    )


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged; else the disk or another program is the cause."""
    text = str(error)
    return any(word in text for word in ("not a database", "malformed", "no such table"))

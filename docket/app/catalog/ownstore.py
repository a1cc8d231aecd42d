"""The record of runs is opened only if it is the caller's own.

Reading it merges spooled records, closes dead runs and kills what those left behind. In the home of
another user all of that would act on planted files with the caller's rights.
"""

from __future__ import annotations

import errno
import os
import stat

from docket.errors import StoreError, StoreOfAnotherError
from docket.store.failure import unreadable

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def own_store(path: str) -> str:
    """Return `path`, if the database there, or its place, belongs to the caller or to root.

    Raises StoreOfAnotherError if it does not or others can write there, and StoreError if the
    caller may not look there, or something else than a file has its name.
    """
    _judge(path, os.path.dirname(path))
    _judge(path, path)
    return path


def _judge(path: str, part: str) -> None:
    try:
        status = os.lstat(part)
        if stat.S_ISLNK(status.st_mode) and part != path:
            status = os.stat(part)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be read: {error.strerror}.",
            hint="Ask as the user whose runs they are: sudo docket ...",
            path=path,
        ) from None
    if status.st_uid not in (0, os.geteuid()):
        raise StoreOfAnotherError(
            f"{part} belongs to user {status.st_uid}: nothing is read or changed there.",
            hint=f"Ask as that user: sudo -u '#{status.st_uid}' docket ...",
            path=path,
        )
    if part == path and stat.S_ISLNK(status.st_mode):
        raise unreadable(path, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    if part == path and not stat.S_ISREG(status.st_mode):
        raise StoreError(
            f"{path} is not a regular file.",
            hint="Move it away; the next run makes a new database.",
            path=path,
        )
    if status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        raise StoreOfAnotherError(
            f"{part} can be written by others (mode {stat.S_IMODE(status.st_mode):04o}): nothing is"
            " read or changed there.",
            hint=f"chmod go-w {part}",
            path=path,
        )
    if part == path and not os.access(path, os.R_OK):
        raise StoreError(
            f"The database {path} cannot be read: Permission denied.",
            hint="Ask as the user whose runs they are: sudo docket ...",
            path=path,
        )

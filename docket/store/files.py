"""Private files and directories, written whole."""

from __future__ import annotations

import os
from _thread import get_native_id  # threading itself would cost every job


def make_directory(path: str) -> None:
    """Make a directory and its missing parents, 0700 each, whatever the umask; OSError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if parent in ("", path):
            raise
        make_directory(parent)
        try:
            os.mkdir(path, 0o700)  # in /proc a parent is there, and yet nothing can be made
        except FileExistsError:
            return


def open_private(path: str, flags: int) -> int:
    """Open a 0600 file without following a link at its end, making its directory where needed."""
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        return os.open(path, flags, 0o600)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_whole(path: str, data: bytes) -> None:
    """Write a 0600 file so that a reader sees all of it or the one before."""
    temporary = f"{path}.{get_native_id()}.new"  # threads of one process write, too
    descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise

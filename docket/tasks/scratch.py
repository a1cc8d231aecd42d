"""A private directory for what must not outlive a run, however the run ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator

_PREFIX = "docket-archive-"
_LARGE_FILES = "/var/tmp"  # noqa: S108  (files of any size that may outlive a boot: file-hierarchy(7))


@contextlib.contextmanager
def scratch_directory() -> Iterator[str]:
    """Yield a directory that only we can use, and remove it with its contents.

    What a killed run has left behind goes first. Raises OSError if there can be no directory.
    """
    base = os.environ.get("TMPDIR") or _LARGE_FILES
    _remove_left_behind(base)
    path, lock = _made(base)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _made(base: str) -> tuple[str, int]:
    """Make a directory and take its lock, by which others see that somebody is at work in it."""
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(path):
            return path, lock
        os.close(lock)  # another process took it for left behind before it was locked


def _remove_left_behind(base: str) -> None:
    with contextlib.suppress(OSError):
        for name in os.listdir(base):
            if name.startswith(_PREFIX):
                _remove_unless_in_use(os.path.join(base, name))


def _remove_unless_in_use(path: str) -> None:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        status = os.fstat(lock)
        if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)

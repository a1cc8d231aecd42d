"""One change of the units at a time: a lock that every command takes which writes them."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from docket.errors import InstallError
from docket.files import is_safe_lock_directory, open_private
from docket.paths import Paths

_POLL_SECONDS = 0.02


@contextmanager
def install_lock(paths: Paths, wait_seconds: float = 60.0) -> Iterator[None]:
    """Hold this home's install lock; InstallError if it is not free within `wait_seconds`."""
    if not is_safe_lock_directory(paths.lock_dir):
        raise InstallError(
            f"{paths.lock_dir} belongs to another user, or others can write there.",
            hint="Nothing was changed.",
        )
    try:
        path = os.path.join(paths.lock_dir, "install.lock")
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise InstallError(
            f"The install lock in {paths.lock_dir} cannot be taken: {error.strerror}.",
            hint="Nothing was changed.",
        ) from None
    try:
        _acquire(descriptor, wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise InstallError(
                    "Another install has been at work on this home for"
                    f" {wait_seconds:.0f} seconds.",
                    hint="Nothing was changed. Try again when it is done.",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return

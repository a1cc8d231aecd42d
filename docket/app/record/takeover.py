"""Taking over what docket-cli 0.2 left: its database, and files that others may read."""

from __future__ import annotations

import os
import stat

from docket.errors import StoreError
from docket.model.problem import Problem
from docket.store.reader import open_reader
from docket.store.takeover.progress import WATCHER, TakenOver, Watcher

__all__ = ["TakenOver", "Watcher", "take_over", "watch"]


def watch(watcher: Watcher) -> None:
    """Let `watcher` hear of the take-over, whichever use case opens the database first."""
    WATCHER.set(watcher)


def take_over(state_db: str, log_dir: str) -> tuple[Problem, ...]:
    """Take over the database if it is docket-cli's, and close its logs to others.

    What cannot be done is returned: the next command that reads the record tries again.
    """
    _close_to_others(log_dir)
    if not os.path.exists(state_db):
        return ()
    try:
        with open_reader(state_db):
            return ()
    except StoreError as error:
        return (Problem(error.sentence, None, hint=error.hint, code=error.code),)


def _close_to_others(log_dir: str) -> None:
    try:
        found = os.lstat(log_dir)
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
            return
        os.chmod(log_dir, 0o700)
    except OSError:
        return  # it does not exist yet, or is not ours

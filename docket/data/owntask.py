"""The state and the queues of the task that runs in this process."""

from __future__ import annotations

import os

from docket.data.database import PATH_VARIABLE, Database
from docket.data.entries import Collection, State
from docket.data.queue import Queue
from docket.errors import DataError

_NAME_VARIABLE = "DOCKET_TASK_NAME"
_databases: dict[str, Database] = {}


def state() -> State:
    """Return the state of this task; DataError outside of a run."""
    return State(_database(), _variable(_NAME_VARIABLE))


def collection(name: str) -> Collection:
    """Return a collection of this task; DataError outside of a run."""
    return Collection(_database(), _variable(_NAME_VARIABLE), name)


def queue(name: str) -> Queue:
    """Return a queue, which all tasks of this home share; DataError outside of a run."""
    return Queue(_database(), name)


def _database() -> Database:
    path = _variable(PATH_VARIABLE)
    return _databases.setdefault(path, Database(path))


def _variable(name: str) -> str:
    found = os.environ.get(name)
    if not found:
        raise DataError(
            f"This process is no run of Docket: it has no {name}.",
            hint=f"A test sets {PATH_VARIABLE} to a file of its own, and {_NAME_VARIABLE}.",
        )
    return found

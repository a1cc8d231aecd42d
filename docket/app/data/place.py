"""Which database of state and queues a command means."""

from __future__ import annotations

import os

from docket.app.catalog.lookup import state_db
from docket.app.session.session import Session
from docket.data.database import PATH_VARIABLE, Database, beside
from docket.errors import UsageError

_TASK_VARIABLE = "DOCKET_TASK_NAME"


def open_data(session: Session) -> Database:
    """Return the database: that of the run that calls, else the one beside the history.

    Options that name a scope, a home or a config take the variable of the run out of the session's
    environment, so they win. Raises ConfigError and StoreError as `state_db` does.
    """
    of_run = session.environ.get(PATH_VARIABLE)
    path = of_run if of_run and os.path.isabs(of_run) else beside(state_db(session))
    return Database(path, session.now_us)


def namespace_of(session: Session, named: str | None) -> str:
    """Return the namespace that is named, or that of the run that calls; UsageError for neither."""
    found = named if named is not None else session.environ.get(_TASK_VARIABLE)
    if not found:
        raise UsageError(
            "Outside of a run, state needs a namespace: the name of the task whose state it is.",
            hint="docket state list --namespace TASK",
        )
    return found

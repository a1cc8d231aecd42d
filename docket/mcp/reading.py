"""The tools that only look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.app.catalog.lookup import find_task, load_config, refuse_unsafe_name
from docket.app.doctor.doctor import examine
from docket.app.fires.installedfires import forecast_tasks
from docket.app.history import history, logs
from docket.app.session.session import Session
from docket.app.status import status
from docket.app.status.capabilities import capabilities as all_capabilities
from docket.app.status.describe import describe
from docket.app.status.health import health as health_of
from docket.app.status.list import list_tasks as listing
from docket.app.why import why as explaining
from docket.mcp.runs import Result
from docket.mcp.toolcall import Desk, Errand
from docket.model.instant import read_instant
from docket.model.states import RunStatus, Trigger

Given = Mapping[str, Any]


def list_tasks(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return every task with its last run."""
    del errand, given
    found = listing(desk.session)
    return Result(found.document(), failed=found.error is not None)


def describe_task(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return one task's contract."""
    del errand
    return Result(describe(desk.session, given["task_name"]).document())


def task_status(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return where all tasks stand, or one, or one run."""
    del errand
    if given["run_id"] is not None:
        return Result(status.of_run(desk.session, given["run_id"]).document())
    found = status.status(desk.session, given["task_name"])
    return Result(found.document(), failed=found.error is not None)


def task_runs(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return past runs, newest first."""
    del errand
    if given["task_name"] is not None:
        refuse_unsafe_name(given["task_name"])
    wanted = history.Selection(
        statuses=tuple(map(RunStatus, given["statuses"] or ())),
        triggers=tuple(map(Trigger, given["triggers"] or ())),
        since_us=_instant(desk.session, "since", given["since"]),
        until_us=_instant(desk.session, "until", given["until"]),
        older_than=given["cursor"],
    )
    found = history.runs(desk.session, given["task_name"], given["limit"], wanted)
    return Result(found.document())


def run_logs(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return the end of what a run printed."""
    del errand
    found = logs.read(desk.session, given["run_id"], given["tail"], most_bytes=given["max_bytes"])
    return Result({**found.document(), "left_out_bytes": found.left_out})


def run_events(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return what a run reported."""
    del errand
    found = history.events(desk.session, given["run_id"], given["limit"], given["after_index"])
    return Result(found.document())


def capabilities(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return the version, the places, the commands and the tasks, in short."""
    del errand, given
    return Result(all_capabilities(desk.session, desk.forms).document())


def health(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return how all tasks are doing, or one."""
    del errand
    name = given["task_name"]
    found = health_of(desk.session, () if name is None else (name,))
    return Result(found.document(), failed=found.error is not None)


def doctor(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return every check of the installation."""
    del errand, given
    return Result(examine(desk.session).document())


def why(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return why a task ran, failed, or did not run."""
    del errand
    at_us = _instant(desk.session, "at", given["at"])
    return Result(
        explaining.why(desk.session, given["task_name"], given["run_id"], at_us).document()
    )


def next_fires(desk: Desk, errand: Errand, given: Given) -> Result:
    """Return when one task, or each that has a schedule, fires next."""
    del errand
    session = desk.session
    config = load_config(session)
    name = given["task_name"]
    tasks = [find_task(config, name)] if name is not None else list(config.tasks.values())
    wanted = [task for task in tasks if task.schedules or name is not None]
    forecasts = forecast_tasks(session, config, wanted, given["count"])
    found = [forecast.document() for forecast in forecasts]
    return Result(found[0] if name is not None else found)


def _instant(session: Session, name: str, text: str | None) -> int | None:
    return None if text is None else read_instant(name, text, session.now_us())

"""The tools that only read."""

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
from docket.mcp.toolcall import ServerContext, ToolCall
from docket.model.states import RunStatus, Trigger
from docket.model.time.instant import read_instant

Given = Mapping[str, Any]


def list_tasks(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return every task with its last run."""
    del call, given
    found = listing(server.session)
    return Result(found.document(), failed=found.error is not None)


def describe_task(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return one task's contract."""
    del call
    return Result(describe(server.session, given["task_name"]).document())


def task_status(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return the state of all tasks, of one, or of one run."""
    del call
    if given["run_id"] is not None:
        return Result(status.of_run(server.session, given["run_id"]).document())
    found = status.status(server.session, given["task_name"])
    return Result(found.document(), failed=found.error is not None)


def task_runs(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return past runs, newest first."""
    del call
    if given["task_name"] is not None:
        refuse_unsafe_name(given["task_name"])
    wanted = history.Selection(
        statuses=tuple(map(RunStatus, given["statuses"] or ())),
        triggers=tuple(map(Trigger, given["triggers"] or ())),
        since_us=_instant(server.session, "since", given["since"]),
        until_us=_instant(server.session, "until", given["until"]),
        older_than=given["cursor"],
    )
    found = history.runs(server.session, given["task_name"], given["limit"], wanted)
    return Result(found.document())


def run_logs(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return the end of what a run printed."""
    del call
    found = logs.read(server.session, given["run_id"], given["tail"], most_bytes=given["max_bytes"])
    return Result({**found.document(), "left_out_bytes": found.left_out})


def run_events(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return what a run reported."""
    del call
    found = history.events(server.session, given["run_id"], given["limit"], given["after_index"])
    return Result(found.document())


def capabilities(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return the version, the places, the commands and the tasks, in short."""
    del call, given
    return Result(all_capabilities(server.session, server.forms).document())


def health(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return how all tasks are doing, or one."""
    del call
    name = given["task_name"]
    found = health_of(server.session, () if name is None else (name,))
    return Result(found.document(), failed=found.error is not None)


def doctor(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return every check of the installation."""
    del call, given
    return Result(examine(server.session).document())


def why(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return why a task ran, failed, or did not run."""
    del call
    at_us = _instant(server.session, "at", given["at"])
    return Result(
        explaining.why(server.session, given["task_name"], given["run_id"], at_us).document()
    )


def next_fires(server: ServerContext, call: ToolCall, given: Given) -> Result:
    """Return when one task, or each that has a schedule, fires next."""
    del call
    session = server.session
    config = load_config(session)
    name = given["task_name"]
    tasks = [find_task(config, name)] if name is not None else list(config.tasks.values())
    wanted = [task for task in tasks if task.schedules or name is not None]
    forecasts = forecast_tasks(session, config, wanted, given["count"])
    found = [forecast.document() for forecast in forecasts]
    return Result(found[0] if name is not None else found)


def _instant(session: Session, name: str, text: str | None) -> int | None:
    return None if text is None else read_instant(name, text, session.now_us())

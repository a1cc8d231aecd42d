"""The tools that change tasks: only where the person who starts the server allows it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docket.app.editing import agentchanges
from docket.app.editing.parts import TaskAdded
from docket.app.editing.parts import remove_task as remove_part
from docket.app.install import install
from docket.app.install.removal import uninstall
from docket.app.runs.gate import refuse_destructive, with_followers
from docket.app.session.session import Session
from docket.errors import UnknownTaskError
from docket.mcp.runs import Result
from docket.mcp.toolcall import ServerContext, ToolCall

KEYS = ("command", "schedule", "timezone", "timeout", "retry", "description", "cwd")


def add_task(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Write a file of `conf.d` with a new command task."""
    call.check()
    added = agentchanges.add_task(server.session, given["task_name"], _keys(given))
    return _written(server.session, added, given)


def edit_task(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Change keys of a command task that has a file of `conf.d` for itself."""
    _refuse_where_gated(server, given["task_name"])
    call.check()
    changed = agentchanges.change_task(server.session, given["task_name"], _keys(given))
    return _written(server.session, changed, given)


def remove_task(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Remove the file of `conf.d` in which the task is the only thing."""
    task = given["task_name"]
    _refuse_where_gated(server, task)
    call.check()
    document = remove_part(server.session, task).document()
    if given["install"]:
        report = None
        with suppress(UnknownTaskError):  # it had no units
            report = uninstall(server.session, [task])
        document["installed"] = report is not None and not report.ok
    return Result(document)


def _refuse_where_gated(server: ServerContext, task: str) -> None:
    if server.gated:
        # Else it could be made another task, one that nobody calls destructive, or one whose timer
        # starts what an agent may not start after it.
        for name in with_followers(server.session, task):
            refuse_destructive(server.session, name)


def _keys(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in KEYS if given[key] is not None}


def _written(session: Session, written: TaskAdded, given: Mapping[str, Any]) -> Result:
    document = written.document()
    if not given["install"]:
        return Result(document)
    report = install.apply(session, install.preview(session, [written.task]), start_timers=True)
    document["installed"] = report.ok
    if report.ok:
        return Result(document)
    return Result({**document, "problems": [one.document() for one in report.problems]}, True)

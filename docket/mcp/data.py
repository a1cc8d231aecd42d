"""The tools for state and queues: only of the names that the person who starts the server lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.app.data import queues, state
from docket.app.data.state import Where
from docket.errors import DataRefusedError, QueueEmptyError
from docket.mcp.runs import Result
from docket.mcp.toolcall import NAMES, ServerContext, ToolCall


def get_state(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Return the value under a key."""
    del call
    return Result(state.get(server.session, _place(server, given), given["key"]).document())


def set_state(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Keep a value under a key."""
    call.check()
    kept = state.set_value(
        server.session,
        _place(server, given),
        given["key"],
        given["value"],
        ttl=given["ttl_seconds"],
        if_version=given["if_version"],
    )
    return Result(kept.document())


def list_state(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Return the values of a namespace or of a collection in it."""
    del call
    where = _place(server, given)
    found = state.entries(server.session, where, given["prefix"] or "", given["limit"])
    return Result(found.document())


def push_item(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Add an item to a queue."""
    call.check()
    wish = queues.Wish(given["key"], priority=given["priority"])
    queue = _queue(server, given)
    return Result(queues.push(server.session, queue, [given["payload"]], wish).document())


def claim_items(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Hold the next items of a queue; an empty list if none waits."""
    call.check()
    queue = _queue(server, given)
    lease = given["lease_seconds"]
    try:
        found = queues.claim(server.session, queue, lease=lease, count=given["count"])
    except QueueEmptyError:
        return Result([])
    return Result(found.document())


def settle_item(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Say what became of a claim."""
    call.check()
    settled = queues.settle(
        server.session,
        _queue(server, given),
        given["action"],
        given["token"],
        error=given["error"] or "",
        lease=given["lease_seconds"],
    )
    return Result(settled.document()[0])


def queue_stats(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Return the figures of one queue."""
    del call
    return Result(queues.stats(server.session, _queue(server, given)).document())


def _place(server: ServerContext, given: Mapping[str, Any]) -> Where:
    _refuse_unlisted(server, given["namespace"])
    return Where(given["namespace"], given["collection"])


def _queue(server: ServerContext, given: Mapping[str, Any]) -> str:
    name: str = given["queue"]
    _refuse_unlisted(server, name)
    return name


def _refuse_unlisted(server: ServerContext, name: str) -> None:
    if name in server.names or "*" in server.names:
        return
    raise DataRefusedError(
        f"Agents of this server may not use the state or the queue {name[:60]!a}.",
        hint=f"They may use: {', '.join(sorted(server.names))} ({NAMES}).",
    )

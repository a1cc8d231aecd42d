"""The server: the protocol by the official SDK, every call in a thread of its own.

This and `stdio` are all that needs the extra `mcp`; the tools themselves know nothing of it.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import anyio
import anyio.to_thread
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from docket import __version__
from docket.app.text.jsonform import plain
from docket.errors import DocketError
from docket.mcp.arguments import checked, input_schema
from docket.mcp.outputs import enveloped
from docket.mcp.stdio import Answers, Requests, take_streams
from docket.mcp.toolcall import AbandonedError, ServerContext, ToolCall
from docket.mcp.tools import INSTRUCTIONS, SERVER, TOOLS, Tool
from docket.mcp.truncation import bounded
from docket.mcp.untrusted import UNTRUSTED, untrusted_keys, untrusted_note

_QUICK = 16  # reading calls at a time; others wait for their turn
_LASTING = 256  # calls at a time that last as long as a run
_LAST_SECONDS = 1.5  # time for cancels that are under way when the client leaves
_STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Context: TypeAlias = "ServerRequestContext[dict[str, Any], Any]"


def serve(served: ServerContext) -> int:
    """Serve the client at standard input and output until it leaves; return the exit code.

    What runs then goes on. Threads may be left behind: the caller ends the process.
    """
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    logging.getLogger("mcp").propagate = False
    code: int = anyio.run(_Service(served).serve, *take_streams())
    return code


class _Service:
    """One connection. `_closing` says that it ends, so that what stops is not taken back."""

    def __init__(self, served: ServerContext) -> None:
        self._served = served
        self._closing = False
        self._exit_code = 0
        self._requests: Requests | None = None
        self._taken_back: list[threading.Thread] = []
        self._quick = anyio.CapacityLimiter(_QUICK)
        self._lasting = anyio.CapacityLimiter(_LASTING)
        self._tools = {
            tool.name: tool
            for tool in TOOLS.values()
            if (served.changes or not tool.changes) and (served.names or not tool.data)
        }
        self._listed = [_told(tool) for tool in self._tools.values()]

    async def serve(self, reading: int, writing: int) -> int:
        server: Server[dict[str, Any]] = Server(
            SERVER,
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        sink = Answers(writing, self._close)
        self._requests = Requests(reading, sink, self._close)
        requests, answers = cast("Any", self._requests), cast("Any", sink)
        async with anyio.create_task_group() as group:
            group.start_soon(self._heed_signals, group.cancel_scope)
            async with stdio_server(requests, answers) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
            group.cancel_scope.cancel()
        self._settle()
        return self._exit_code

    def _close(self) -> None:
        self._closing = True

    async def _heed_signals(self, scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(*_STOPPED_BY) as received:
            async for number in received:
                self._closing = True
                self._exit_code = 128 + number
                scope.cancel()

    def _settle(self) -> None:
        """Let the cancels that clients asked for get through."""
        deadline = time.monotonic() + _LAST_SECONDS
        for thread in self._taken_back:
            thread.join(max(deadline - time.monotonic(), 0))

    async def _list(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        del context, params
        return types.ListToolsResult(tools=self._listed)

    async def _call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name[:100]!r}.")
        call = ToolCall()
        try:
            async with anyio.create_task_group() as group:
                if context.meta is not None and "progress_token" in context.meta:
                    group.start_soon(_tell_progress, context, call)
                result = await anyio.to_thread.run_sync(
                    self._done,
                    tool,
                    call,
                    params.arguments or {},
                    abandon_on_cancel=True,
                    limiter=self._lasting if tool.lasts else self._quick,
                )
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            self._drop(call, context.request_id)
            raise
        return result

    def _drop(self, call: ToolCall, number: object) -> None:
        """The client no longer waits for a call: it cancelled the request, or is leaving.

        A client that only had no time to wait did not ask for the end of the run.
        """
        if self._closing or self._is_timed_out(number):
            call.leave()
            return
        thread = threading.Thread(target=call.take_back, daemon=True)
        thread.start()
        self._taken_back = [one for one in self._taken_back if one.is_alive()] + [thread]

    def _is_timed_out(self, number: object) -> bool:
        return self._requests is not None and self._requests.timed_out(number)

    def _done(self, tool: Tool, call: ToolCall, given: Mapping[str, Any]) -> types.CallToolResult:
        """Do the call, in its thread; whatever goes wrong is an answer."""
        abandoned = False
        try:
            result = tool.call(self._served, call, checked(tool.name, tool.parameters, given))
            return _answer(result.document, tool.room, failed=result.failed)
        except AbandonedError:
            abandoned = True  # what it started may go on; it is cancelled elsewhere
            return _answer({}, tool.room, failed=True)  # nobody reads this answer
        except DocketError as error:
            return _answer(error.document(), tool.room, failed=True)
        except Exception as error:  # noqa: BLE001  (the boundary; the cause is recorded)
            return _answer(self._served.fault(error).document(), tool.room, failed=True)
        finally:
            if not abandoned:
                call.over.set()


async def _tell_progress(context: Context, call: ToolCall) -> None:
    """Report now and then that it goes on: progress is the number of seconds so far."""
    begun = time.monotonic()
    while True:
        await anyio.sleep(call.every_seconds)
        took = time.monotonic() - begun
        await context.session.report_progress(round(took, 3), None, call.message or None)


def _answer(found: Any, room: int, *, failed: bool) -> types.CallToolResult:
    document = plain(bounded(enveloped(found), room))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    keys = untrusted_keys(document)
    notes = [types.TextContent(type="text", text=untrusted_note(keys))] if keys else []
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text), *notes],
        structured_content=document,
        is_error=failed,
        _meta={UNTRUSTED: keys} if keys else None,
    )


def _told(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool.parameters),
        output_schema=tool.output_schema(),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.reads,
            destructive_hint=not tool.reads,
            idempotent_hint=tool.repeatable,
            open_world_hint=tool.reaches_out,
        ),
    )

"""One session of the SDK's own client with a real server, driven by JSON lines.

Run by the Python of .venv-mcp, with the protocol (`handshake`, or `newest` without one) and the
words of the server's command line. It reads orders from its standard input and writes the result of
each to its standard output; its end ends the session.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import anyio
import anyio.to_thread
from mcp import ClientSession
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError


def say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class Driver:
    """The orders that are under way, by their number."""

    def __init__(self, session: ClientSession | Client) -> None:
        self.session = session
        self.scopes: dict[int, anyio.CancelScope] = {}

    async def call(self, order: dict[str, Any]) -> None:
        number = order["id"]

        async def told(progress: float, total: float | None, message: str | None) -> None:
            say(id=number, progress=progress, total=total, message=message)

        begun = time.monotonic()
        with anyio.CancelScope() as scope:
            self.scopes[number] = scope
            try:
                result = await self.session.call_tool(
                    order["name"],
                    order["arguments"],
                    progress_callback=told if order.get("progress") else None,
                )
                say(
                    id=number,
                    failed=result.is_error,
                    document=result.structured_content,
                    texts=[part.text for part in result.content if part.type == "text"],
                    seconds=time.monotonic() - begun,
                )
            except MCPError as error:
                say(id=number, refused=error.error.code, sentence=error.error.message)
        if scope.cancelled_caught:
            say(id=number, taken_back=True)

    async def tools(self, order: dict[str, Any]) -> None:
        found = await self.session.list_tools()
        tools = [tool.model_dump(mode="json", by_alias=True) for tool in found.tools]
        say(id=order["id"], tools=tools)


async def main() -> None:
    server = StdioServerParameters(
        command=sys.argv[2], args=sys.argv[3:], env=dict(os.environ), encoding="utf-8"
    )
    if sys.argv[1] == "newest":
        async with Client(stdio_client(server)) as client:
            await drive(client, client.protocol_version, client.instructions)
        return
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        hello = await session.initialize()
        assert hello.server_info.name == "docket"
        await drive(session, hello.protocol_version, hello.instructions)


async def drive(session: ClientSession | Client, protocol: str, instructions: str | None) -> None:
    say(id=0, protocol=protocol, instructions=instructions)
    driver = Driver(session)
    read = sys.stdin.readline
    async with anyio.create_task_group() as group:
        while line := await anyio.to_thread.run_sync(read, abandon_on_cancel=True):
            order = json.loads(line)
            if order["do"] == "call":
                group.start_soon(driver.call, order)
            elif order["do"] == "tools":
                group.start_soon(driver.tools, order)
            else:
                driver.scopes[order["id"]].cancel()
        group.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)

#!/usr/bin/env python3
"""Writes the table of tools in docs/mcp.md from the table in the code.

`tools/make_mcp_docs.py --check` says whether the page is as it should be.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from docket.mcp.tools import TOOLS, Tool

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "mcp.md")
BEGIN, END = "<!-- tools -->\n", "<!-- end of tools -->\n"


def table() -> str:
    """Return the table of all tools."""
    return "".join(
        ["\n| tool | takes | |\n|---|---|---|\n", *map(_row, TOOLS.values()), "\n"],
    )


def _row(tool: Tool) -> str:
    takes = ", ".join(f"`{p.name}`{'*' if p.required else ''}" for p in tool.parameters)
    return f"| `{tool.name}` | {takes} | {tool.description} |\n"


def page(before: str) -> str:
    """Return the page with the table as it is now."""
    head, _, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}{table()}{END}{tail}"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` compare it; 1 where it is not up to date."""
    with open(PAGE, encoding="utf-8") as file:
        before = file.read()
    after = page(before)
    if "--check" in arguments:
        print("up to date" if before == after else f"{PAGE}: run tools/make_mcp_docs.py")
        return 0 if before == after else 1
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(after)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

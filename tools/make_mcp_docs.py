#!/usr/bin/env python3
"""Writes the table of tools in docs/mcp.md from the table in the code.

`tools/make_mcp_docs.py --check` says whether the page is as it should be.
"""

from __future__ import annotations

import sys

from generated import ROOT, between, renew

sys.path.insert(0, ROOT)

from docket.mcp.tools import TOOLS, Tool

BEGIN, END = "<!-- tools -->\n", "<!-- end of tools -->\n"


def table() -> str:
    """Return the table of all tools."""
    return "".join(
        ["\n| tool | takes | |\n|---|---|---|\n", *map(_row, TOOLS.values()), "\n"],
    )


def _row(tool: Tool) -> str:
    takes = ", ".join(f"`{p.name}`{'*' if p.required else ''}" for p in tool.parameters)
    return f"| `{tool.name}` | {takes} | {tool.description} |\n"


def renewed(page: str) -> str:
    """Return the page with the table as it is now."""
    return between(page, BEGIN, END, table())


if __name__ == "__main__":
    sys.exit(renew("docs/mcp.md", renewed, sys.argv[1:]))

"""The command that comes next, said the same way everywhere."""

from __future__ import annotations

from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Ink, Screen


def next_step(command: str, does: str, screen: Screen) -> str:
    """Return the line that offers `command`, with what it does in brackets."""
    words = f"{screen.program}{command[6:]}" if command.startswith("docket ") else command
    return f"{screen.paint('next:', Ink.BUSY)} {exact(words)}  ({does})"

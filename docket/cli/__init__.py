"""The command line: parse, call a use case, render."""

from docket.cli.entry import main

__all__ = ["main"]

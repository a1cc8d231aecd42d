"""The shapes of what the command line answers about itself."""

from __future__ import annotations

from typing import Annotated, TypedDict


class CompletionDocument(TypedDict):
    """The completion script of a shell."""

    shell: Annotated[str, "The shell."]
    script: Annotated[str, "The script."]


class HelpDocument(TypedDict):
    """A help page."""

    command: Annotated[str | None, "The command; null for Docket as a whole."]
    help: Annotated[str, "The page."]

"""The command line told as data, for whoever describes it without calling it."""

from __future__ import annotations

from docket.app.capabilities import CommandSummary
from docket.cli.verbs import FORMS


def command_summaries() -> tuple[CommandSummary, ...]:
    """Return every way to call a command."""
    return tuple(CommandSummary(form.name, form.summary, form.agent_use) for form in FORMS)

"""The keys that say what a run's end means, and when a run has to stand back."""

from __future__ import annotations

from docket.config.entry import Entry
from docket.model.exitcodes import ExitMeaning


def exit_codes(entry: Entry) -> dict[int, ExitMeaning]:
    """Return the exit codes that have a meaning of their own."""
    return {int(code): ExitMeaning(word) for code, word in entry.value("exit_codes", {}).items()}

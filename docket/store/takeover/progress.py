"""Who hears of a take-over from docket-cli while it lasts: it may take half a minute."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

from docket.model.record import Record


class TakenOver(Record):
    """The outcome of a take-over; `backup` is the file as it was before."""

    path: str
    backup: str
    runs: int
    events: int
    tasks: int
    at_us: int

    def document(self) -> dict[str, Any]:
        """Return the outcome as the audit records it."""
        return {
            "from": "docket-cli 0.2",
            "backup": self.backup,
            "runs": self.runs,
            "events": self.events,
            "tasks": self.tasks,
        }


class Watcher(Protocol):
    """The listener for a take-over, whichever part of a command opens the database."""

    def progress(self, done: int, total: int) -> None:
        """Take note of how many rows are copied."""

    def done(self, result: TakenOver) -> None:
        """Hear what was taken over."""


WATCHER: ContextVar[Watcher | None] = ContextVar("takeover_watcher", default=None)

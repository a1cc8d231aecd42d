"""How far a run is, as its task says: in the events, and in `systemctl status`."""

from __future__ import annotations

import time

from docket.systemd.notify import notify_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_EVERY_SECONDS = 0.5  # a person cannot read faster
_LONGEST_SHOWN = 200


class Progress:
    """Thins out the progress of a task: keeps one report in some seconds, and the last."""

    __slots__ = ("_due", "_record", "_shown_at", "_status", "_waiting")

    def __init__(self, record: Callable[[dict[str, Any], str], None], status: str) -> None:
        """`record` takes an event and its JSON; `status` is the text shown before it."""
        self._record = record
        self._status = status
        self._waiting: tuple[dict[str, Any], str] | None = None
        self._due = 0.0
        self._shown_at = 0.0

    def report(self, event: dict[str, Any], text: str) -> None:
        """Take what the task says through `progress()`; a later one takes its place."""
        self._waiting = (event, text)
        self.tick(time.monotonic())

    def tick(self, now: float) -> float | None:
        """Keep what waits, if it is time; return the monotonic time at which it will be."""
        if self._waiting is None:
            return None
        if now < self._due:
            return self._due
        self.flush(now)
        return None

    def flush(self, now: float) -> None:
        """Keep what waits."""
        if self._waiting is None:
            return
        event, text = self._waiting
        self._waiting = None
        self._due = now + _EVERY_SECONDS
        self._record(event, text)
        notify_status(f"{self._status}: {in_words(event)}")

    def note(self, event: dict[str, Any]) -> None:
        """Show an event that is kept anyway, a line of a command's output."""
        now = time.monotonic()
        if now >= self._shown_at + _EVERY_SECONDS:
            self._shown_at = now
            notify_status(f"{self._status}: {in_words(event)}")


def in_words(event: dict[str, Any]) -> str:
    """Return a progress event as one short text; whatever is odd in it is left out."""
    fraction, message = event.get("fraction"), event.get("message")
    parts = []
    if isinstance(fraction, int | float) and not isinstance(fraction, bool):
        parts.append(f"{min(max(fraction, 0.0), 1.0):.0%}")
    if isinstance(message, str) and message:
        parts.append(message[:_LONGEST_SHOWN])
    return " ".join(parts) or "under way"

"""What a terminal shows of a run whose output is JSON lines: its progress in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from docket.app.runs.liveprogress import RunProgress, progress_in
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.progressbar import ProgressBar
from docket.model.jsontext import loads_output

_LONGEST_LINE = 64 * 1024
_KINDS = ("event", "level", "message_type", "type")
_LOUD = ("error", "fatal", "warning", "warn")


class EventBar:
    """Says below the output what the last event was; every other line is shown as it is."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        self._partial = b""
        self._events = 0
        self._reports_progress = False

    def output(self, data: bytes) -> None:
        """Show what the run printed, but for its events."""
        lines = (self._partial + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._line(line)
        held = rest.startswith(b"{") and len(rest) < _LONGEST_LINE
        self._partial = rest if held else b""
        if rest and not held:
            self._bar.output(rest)

    def progress(self, progress: RunProgress) -> None:
        """Show how far the run is."""
        self._reports_progress = True
        self._bar.progress(progress)

    def close(self) -> None:
        """Show what has no newline, and take the bar away."""
        if self._partial:
            self._bar.output(self._partial + b"\n")
        self._partial = b""
        self._bar.close()

    def _line(self, line: bytes) -> None:
        event = _event(line)
        if event is None:
            self._bar.output(line + b"\n")
            return
        kind = next((str(event[key]) for key in _KINDS if event.get(key)), "")
        now_us = time.time_ns() // 1000
        if kind == "progress":
            self.progress(progress_in(event, now_us))
            return
        self._events += 1
        said = one_line(f"{kind}: {_words(event)}" if kind else _words(event))
        if kind.lower() in _LOUD:
            self._bar.output(said.encode(errors="replace") + b"\n")
        elif not self._reports_progress:
            self._bar.progress(RunProgress(None, f"event {self._events}, {said}", now_us))


def _event(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line holds; None if it is another line."""
    if not line.startswith(b"{"):
        return None
    try:
        value = loads_output(line.decode("utf-8"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _words(event: Mapping[str, Any]) -> str:
    """Return what an event says: its message, or else its short values."""
    message = event.get("message")
    if isinstance(message, str) and message:
        return message
    short = (str, int, float, bool)
    pairs = ((key, value) for key, value in event.items() if key not in _KINDS)
    return ", ".join(f"{key} {value}" for key, value in pairs if isinstance(value, short))

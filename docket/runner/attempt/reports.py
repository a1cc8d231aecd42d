"""The runner's side of a Python task's pipe: events, progress and the result, line by line.

A line is a letter for its kind (e, p, r) and one JSON object. Whatever the task writes, memory
stays flat and the runner never waits for it.
"""

from __future__ import annotations

import os

from docket.model.jsontext import loads_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Report = Callable[[dict[str, Any], str], None]

LARGEST_RESULT = 1024 * 1024
LARGEST_EVENT = 64 * 1024
_CHUNK = 1 << 16
_MOST_LEFT = 64  # chunks that are read after the task's end: more than a pipe can hold


class ReportPipe:
    """The pipe of one attempt; `result` is what the task returned, None until it did."""

    __slots__ = ("_event", "_partial", "_progress", "_skipping", "descriptor", "result")

    def __init__(self, descriptor: int, event: Report, progress: Report) -> None:
        self.descriptor = descriptor
        self._event = event
        self._progress = progress
        self._partial = b""
        self._skipping = False  # whether the rest of an overlong line is skipped
        self.result: dict[str, Any] | None = None

    def read(self) -> bool:
        """Read a piece of what is there; False at the end."""
        try:
            chunk = os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return True
        self._feed(chunk)
        return bool(chunk)

    def close(self) -> dict[str, Any] | None:
        """Read the rest, close the pipe and return the result."""
        for _ in range(_MOST_LEFT):
            try:
                chunk = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                break
            if not chunk:
                break
            self._feed(chunk)
        os.close(self.descriptor)
        return self.result

    def _feed(self, chunk: bytes) -> None:
        lines = (self._partial + chunk).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            if self._skipping:
                self._skipping = False
            else:
                self._take(line)
        if self._skipping or len(self._partial) > LARGEST_RESULT + _CHUNK:
            self._skipping = True
            self._partial = b""

    def _take(self, line: bytes) -> None:
        kind = line[:1]
        if kind in b"ep" and len(line) > LARGEST_EVENT:
            return
        try:
            text = line[1:].decode()
            found = loads_output(text)
        except ValueError:  # the task wrote here itself
            return
        if not isinstance(found, dict):
            return
        if kind == b"e":
            self._event(found, text)
        elif kind == b"p":
            self._progress(found, text)
        elif kind == b"r":
            self.result = found

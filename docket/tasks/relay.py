"""A program's output on its way through: passed on as it comes, and its progress thinned out.

A program that draws a moving line prints the same news a thousand times, and one that repeats its
numbers although nothing moves would look alive to the idle timeout. So a line of
progress is passed on only when it says something new, and once in a while.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from docket.model.excerpt import Excerpt
from docket.tasks.stopping import StopRequest

_PIECE = re.compile(rb"[^\r\n]*(?:\r\n|[\r\n])")  # searched up to the last end of a line
_LONGEST_PIECE = 64 * 1024

Report = Callable[[float | None, str], None]


class ProgressLine(NamedTuple):
    """What the lines look like with which a program says how far it is.

    Every such line contains `mark`. The groups of `pattern`: `done` and `files` are what moves
    when the work does, `percent` is optional.
    """

    mark: bytes
    pattern: re.Pattern[bytes]


class Relay:
    """One stream of a program, passed on to the descriptor `target` of this process."""

    def __init__(
        self,
        target: int,
        stop: StopRequest,
        every_seconds: float,
        progress: ProgressLine | None,
        report: Report,
    ) -> None:
        self.excerpt = Excerpt()
        self._target = target
        self._stop = stop
        self._every = every_seconds
        self._progress = progress
        self._report = report
        self._partial = b""
        self._said = b""  # the contents of the last line of progress that was passed on
        self._waiting: tuple[bytes, bytes] | None = None  # its contents, and the line itself
        self._due = time.monotonic() + every_seconds
        self._gone = False

    def feed(self, data: bytes, now: float) -> None:
        """Take the next bytes."""
        if self._progress is None:
            self._keep(data)
            return
        data = self._partial + data
        if self._progress.mark not in data and b"\r" not in data:
            end = data.rfind(b"\n") + 1
            self._keep(data[:end])
        else:
            end = self._pieces(data)
        self._partial = data[end:]
        if len(self._partial) > _LONGEST_PIECE:
            self._keep(self._partial)
            self._partial = b""
        self.tick(now)

    def tick(self, now: float) -> float | None:
        """Pass on the progress that waits, if it is time; return when it will be."""
        if self._waiting is None or now < self._due:
            return None if self._waiting is None else self._due
        said, line = self._waiting
        self._waiting = None
        self._due = now + self._every
        self._said = said
        self.say(line)
        return None

    def finish(self) -> None:
        """Pass on what is left; how far the work is, its end says better."""
        if self._partial:
            self._take(self._partial)
            self._partial = b""

    def say(self, line: bytes) -> None:
        """Pass on a line that the details of the run have no need of."""
        self._write(line + b"\n")

    def _pieces(self, data: bytes) -> int:
        """Take every line that is whole, or that the next one overwrites; return their end."""
        end = 0
        last = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        for found in _PIECE.finditer(data, 0, last):
            self._take(found[0])
            end = found.end()
        return end

    def _take(self, piece: bytes) -> None:
        assert self._progress is not None
        line = piece.rstrip(b"\r\n")
        found = self._progress.pattern.match(line)
        if found is None:
            if piece.endswith(b"\r"):
                line += b"\n" if line else b""
                self._keep(line)
            else:
                self._keep(piece)
            return
        said = found["done"] + found["files"]
        if said != self._said:
            self._waiting = (said, line.strip())
            percent = found["percent"]
            self._report(int(percent) / 100 if percent else None, found["done"].decode().strip())

    def _keep(self, data: bytes) -> None:
        self.excerpt.feed(data)
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Write to our own stream; if nobody reads it any more, the work ends."""
        while data and not self._gone:
            try:
                data = data[os.write(self._target, data) :]
            except OSError:
                self._gone = True
                self._stop.ask()

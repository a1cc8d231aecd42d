"""Shows the progress and the result of a take-over from docket-cli on the terminal."""

from __future__ import annotations

import contextlib
import sys
import time

from docket.app.record.takeover import TakenOver
from docket.cli import streams
from docket.cli.render.layout.plain import exact

_QUIET_SECONDS = 1.0
_CLEAR_LINE = "\r\x1b[K"


class Announcer:
    """Reports on standard error; with `--json` it is silent, and `docket doctor` reports it."""

    def __init__(self, *, as_json: bool, quiet_seconds: float = _QUIET_SECONDS) -> None:
        self._as_json = as_json
        self._quiet_seconds = quiet_seconds
        self._begun = time.monotonic()
        self._shown = ""

    def progress(self, done: int, total: int) -> None:
        """Show on a terminal how far the copying is, if it takes longer than `quiet_seconds`."""
        if self._as_json or time.monotonic() - self._begun < self._quiet_seconds:
            return
        line = f"Taking over the history of docket-cli: {done * 100 // max(total, 1)} %"
        if line != self._shown and sys.stderr is not None and sys.stderr.isatty():
            self._shown = line
            self._write(_CLEAR_LINE + line)

    def done(self, result: TakenOver) -> None:
        """Say what was taken over, and where the original file is."""
        if self._shown:
            self._write(_CLEAR_LINE)
        if not self._as_json:
            streams.complain(
                f"The history of docket-cli is taken over: {result.runs} runs, {result.events} "
                f"events. The database as it was is {exact(result.backup)}."
            )

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

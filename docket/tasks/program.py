"""Running the program that does the work of a built-in task, to its end or to the request to stop.

It stays in the process group of the run, where the runner's signals reach it too.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docket.model.excerpt import complaint_in
from docket.model.record import Record
from docket.tasks.relay import ProgressLine, Relay, Report
from docket.tasks.stopping import StopRequest

_CHUNK = 1 << 16
_MOST_SECONDS_BETWEEN_SIGNS = 10.0
_USUAL_GRACE_SECONDS = 10.0
_OWN_SHARE_OF_GRACE = 0.6  # the rest of the grace is for cleaning up
_QUIET_SECONDS = 0.3  # how long open pipes may stay silent once the program has ended
_DRAIN_SECONDS = 2.0


class ProgramError(Exception):
    """A program that cannot be started; the text is a sentence."""


class ProgramExit(Record):
    """How a program ended. `exit_code` is negative for a signal, as in `subprocess`."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    stopped: bool  # somebody asked for it

    @property
    def ok(self) -> bool:
        """Whether it did what it was started for."""
        return self.exit_code == 0 and not self.stopped

    @property
    def how(self) -> str:
        """How it ended, in words: the code, and the last that it complained of."""
        if self.stopped:
            return "was stopped"
        words = f"failed with exit {self.exit_code}"
        if self.exit_code < 0:
            with contextlib.suppress(ValueError):
                words = f"was killed by {signal.Signals(-self.exit_code).name}"
        complaint = complaint_in(self.stderr, "")
        return f"{words}: {complaint}" if complaint else words

    def details(self) -> dict[str, Any]:
        """Return what the details of the run have of it."""
        return {
            "command": list(self.command),
            "exit_code": self.exit_code,
            "stdout": self.stdout,
            "stderr": self.stderr,
        }


class Pace(Record):
    """How often a program at work shows that it lives, and how long it has to end."""

    sign_seconds: float = _MOST_SECONDS_BETWEEN_SIGNS
    patience_seconds: float = _USUAL_GRACE_SECONDS * _OWN_SHARE_OF_GRACE

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Pace:
        """Return the pace that a task's idle timeout and grace allow."""
        idle = config.get("idle_timeout_seconds")
        grace = config.get("grace_seconds", _USUAL_GRACE_SECONDS)
        return cls(
            min(_MOST_SECONDS_BETWEEN_SIGNS, idle / 4) if idle else _MOST_SECONDS_BETWEEN_SIGNS,
            grace * _OWN_SHARE_OF_GRACE,
        )


class Program:
    """Runs programs for one task, until it is asked to stop."""

    def __init__(self, stop: StopRequest, pace: Pace, report: Report) -> None:
        self._stop = stop
        self._pace = pace
        self._report = report

    def run(
        self,
        command: Sequence[str],
        *,
        progress: ProgressLine | None = None,
        environment: Mapping[str, str] | None = None,
        sign: Callable[[], str | None] | None = None,
    ) -> ProgramExit:
        """Run `command` with its output passed on; ProgramError if it cannot be started.

        `sign` is asked now and then for a word that shows that a silent program is at work.
        """
        child = _start(command, environment or {})
        relays = {
            stream.fileno(): Relay(target, self._stop, self._pace.sign_seconds, progress, report)
            for stream, target, report in (
                (child.stdout, 1, self._report),
                (child.stderr, 2, self._report),
            )
            if stream is not None
        }
        out, err = relays.values()
        with child:
            _Watch(child, relays, self._stop, self._pace, sign).run()
        return ProgramExit(
            tuple(command),
            child.returncode,
            out.excerpt.text(),
            err.excerpt.text(),
            self._stop.asked,
        )


class _Watch:
    """The loop around one child."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        relays: dict[int, Relay],
        stop: StopRequest,
        pace: Pace,
        sign: Callable[[], str | None] | None,
    ) -> None:
        self._child = child
        self._relays = relays
        self._open = dict(relays)
        self._stop = stop
        self._pace = pace
        self._sign = sign
        self._next_sign = time.monotonic() + pace.sign_seconds
        self._steps: list[tuple[float, signal.Signals]] | None = None  # when to send which signal
        self._pidfd = os.pidfd_open(child.pid)
        self._poll = select.poll()
        for descriptor in (self._pidfd, stop.descriptor, *relays):
            self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Listen until the child has ended and its pipes are closed, or silent for a while."""
        try:
            ended_at = self._until_it_ends()
            self._drain(ended_at)
        finally:
            os.close(self._pidfd)
        for relay in self._relays.values():
            relay.finish()

    def _until_it_ends(self) -> float:
        while self._child.poll() is None:
            now = time.monotonic()
            due = self._look_after(now)
            if self._stop.at is not None:
                due = min(due, self._end_it(self._stop.at, now))
            self._listen(max(0.0, due - now))
        return time.monotonic()

    def _end_it(self, asked_at: float, now: float) -> float:
        """End the child step by step, and return when the next step is due.

        A stop request mostly reaches the whole group, and a second TERM can cut short what the
        first one began; so it comes only when nothing has happened.
        """
        if self._steps is None:
            self._poll.unregister(self._stop.descriptor)
            patience = self._pace.patience_seconds
            self._steps = [
                (asked_at + min(1.0, patience / 4), signal.SIGTERM),
                (asked_at + patience, signal.SIGKILL),
            ]
        while self._steps and self._steps[0][0] <= now:
            self._child.send_signal(self._steps.pop(0)[1])
        return self._steps[0][0] if self._steps else now + 60.0

    def _look_after(self, now: float) -> float:
        """Pass on what waits and give a sign of life; return when to look again."""
        dues = [relay.tick(now) for relay in self._open.values()]
        if self._sign is not None and now >= self._next_sign:
            self._next_sign = now + self._pace.sign_seconds
            word = self._sign()
            if word:
                next(reversed(self._relays.values())).say(word.encode())
        return min([now + 60.0, self._next_sign, *(due for due in dues if due is not None)])

    def _listen(self, seconds: float) -> bool:
        """Take what comes in within `seconds`; return whether anything did."""
        heard = False
        for descriptor, _ in self._poll.poll(seconds * 1000):
            relay = self._open.get(descriptor)
            if relay is None:
                continue
            data = os.read(descriptor, _CHUNK)
            heard = True
            if data:
                relay.feed(data, time.monotonic())
            else:
                self._poll.unregister(descriptor)
                del self._open[descriptor]
        return heard

    def _drain(self, ended_at: float) -> None:
        self._poll.unregister(self._pidfd)
        if self._steps is None:
            self._poll.unregister(self._stop.descriptor)
        while self._open and time.monotonic() < ended_at + _DRAIN_SECONDS:
            if not self._listen(_QUIET_SECONDS):
                return


def found(name: str) -> str:
    """Return the path of a program; ProgramError if there is none."""
    path = shutil.which(name)
    if path is None:
        where = "does not exist" if "/" in name else "not found on PATH"
        raise ProgramError(f"{name} {where}")
    return path


def last_line(text: str) -> str:
    """Return the last line of `text` that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    path = found(command[0])
    try:
        return subprocess.Popen(
            command,
            executable=path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ProgramError(f"{command[0]} cannot be started: {said}") from None

"""One loop for everything a running child needs: its output, its end, timeouts, stop signals.

Blocks of whole lines go from the child's pipes to the echo (the journal), the log file, the
excerpts and the parser. Nothing here blocks but poll.
"""

from __future__ import annotations

import os
import select
import time

from docket.model.excerpt import KEPT_BYTES, Excerpt
from docket.runner.attempt.capture import LARGEST_LINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from docket.runner.attempt.capture import PlainOutput
    from docket.runner.attempt.echo import Echo
    from docket.runner.attempt.reports import ReportPipe
    from docket.runner.call.signals import StopSignals

    class LogSink(Protocol):
        """Where a run's output is kept."""

        def write(self, data: bytes) -> None:
            """Append what the task wrote."""

        @property
        def ends_line(self) -> bool:
            """Whether the next byte begins a line."""


_CHUNK = 1 << 16
_QUIET_SECONDS = 0.2  # how long open pipes may stay silent once the child has ended
_DRAIN_SECONDS = 2.0  # how long a chatty grandchild is listened to then
_UNFINISHED_SECONDS = 0.5  # how long a line may lack its newline before it is passed on as it is


class Stream:
    """One pipe of a child.

    `partial` is the unfinished line that is passed on at `due` (monotonic seconds), `unechoed` the
    part of a line that was passed on and waits for its newline to be echoed.
    """

    __slots__ = ("descriptor", "due", "excerpt", "is_error", "partial", "unechoed")

    def __init__(self, descriptor: int, *, is_error: bool, kept_bytes: int = KEPT_BYTES) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.is_error = is_error
        self.partial = b""
        self.due: float | None = None
        self.unechoed = b""
        self.excerpt = Excerpt(kept_bytes)


class Outlets:
    """Where a child's output goes; `heading` is a line that comes before the first of it."""

    __slots__ = ("echo", "heading", "log", "parser")

    def __init__(self, echo: Echo, log: LogSink, parser: PlainOutput, heading: bytes = b"") -> None:
        self.echo = echo
        self.log = log
        self.parser = parser
        self.heading = heading


class Pump:
    """Runs the loop for one child.

    `wait_until_exit` returns at the child's end, at a deadline, or at a stop signal; the caller
    then kills what has to be killed and comes back for the rest.
    """

    __slots__ = (
        "_child",
        "_outlets",
        "_poll",
        "_result",
        "_stop",
        "_streams",
        "_tick",
        "_writing",
        "exited",
        "last_output",
    )

    def __init__(
        self,
        child: int,
        streams: list[Stream],
        outlets: Outlets,
        stop: StopSignals,
        tick: Callable[[float], float | None],
        result: ReportPipe | None = None,
    ) -> None:
        """Watch the child behind the pidfd `child`.

        `tick` is called in every round with the monotonic time, and says when it wants to be
        called again; it writes the events that wait. `result` is read as it fills.
        """
        self._child = child
        self._outlets = outlets
        self._stop = stop
        self._tick = tick
        self._streams = {stream.descriptor: stream for stream in streams}
        self._poll = select.poll()
        self._poll.register(child, select.POLLIN)
        self._poll.register(stop.descriptor, select.POLLIN)
        for descriptor in self._streams:
            self._poll.register(descriptor, select.POLLIN)
        self._result = result
        if result is not None:
            self._poll.register(result.descriptor, select.POLLIN)
        self._writing = -1  # the echo's descriptor while we wait for room in it
        self.exited = False
        self.last_output = time.monotonic()

    @property
    def listening(self) -> bool:
        """Whether a pipe of the child is still open."""
        return bool(self._streams)

    def wait_until_exit(self, deadline: Callable[[], float | None], *, heed_stop: bool) -> None:
        """Run until the child has exited, `deadline` is past, or a stop signal came.

        The deadline is asked for in every round, for output moves the one of an idle timeout.
        """
        while not self.exited:
            if heed_stop and self._stop.received:
                return
            until = deadline()
            now = time.monotonic()
            if until is not None and now >= until:
                return
            self._round(now, until)

    def drain(self) -> None:
        """Read what the ended child left in its pipes, without waiting for background processes."""
        end = time.monotonic() + _DRAIN_SECONDS
        self.last_output = time.monotonic()
        while self._streams:
            now = time.monotonic()
            until = min(end, self.last_output + _QUIET_SECONDS)
            if now >= until:
                return
            self._round(now, until)

    def close(self) -> None:
        """Pass on unfinished lines and close the pipes."""
        for descriptor in list(self._streams):
            self._end(descriptor)
        self._outlets.echo.flush_all(self._wait_for_room)

    def _round(self, now: float, until: float | None) -> None:
        again = self._tick(now)
        unfinished = self._pass_unfinished_on(now)
        wakes = [at for at in (until, again, unfinished) if at is not None]
        timeout = None if not wakes else max(0.0, (min(wakes) - now) * 1000)
        self._mind_the_echo()
        for descriptor, _ in self._poll.poll(timeout):
            if descriptor in self._streams:
                self._read(descriptor)
            elif descriptor == self._child:
                self.exited = True
                self._poll.unregister(self._child)
            elif descriptor == self._stop.descriptor:
                self._stop.drain()
            elif descriptor == self._writing:
                self._outlets.echo.flush_some()
            else:
                self._read_result()

    def _mind_the_echo(self) -> None:
        """Poll for room while something waits; leave the child unread while too much does."""
        echo = self._outlets.echo
        if echo.pending and self._writing < 0:
            self._writing = echo.descriptor
            self._poll.register(self._writing, select.POLLOUT)
        elif not echo.pending and self._writing >= 0:
            self._poll.unregister(self._writing)
            self._writing = -1
        wanted = 0 if echo.congested else select.POLLIN
        for descriptor in self._streams:
            self._poll.modify(descriptor, wanted)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._end(descriptor)
            return
        self.last_output = time.monotonic()
        stream = self._streams[descriptor]
        cut = data.rfind(b"\n") + 1
        unfinished = len(data) - cut + (0 if cut else len(stream.partial))
        if unfinished > LARGEST_LINE:
            cut = len(data)
        if cut:
            block = stream.partial + memoryview(data)[:cut]  # joined without a copy of its own
            stream.partial, stream.due = data[cut:], None
            self._pass_on(stream, block)
        else:
            stream.partial += data
        if stream.partial and stream.due is None:
            stream.due = self.last_output + _UNFINISHED_SECONDS

    def _pass_unfinished_on(self, now: float) -> float | None:
        """Pass on unfinished lines that are due (a prompt, a progress bar); return the next time.

        So they are seen while the child runs, and survive a runner that is killed.
        """
        following = None
        for stream in self._streams.values():
            if stream.due is None:
                continue
            if now >= stream.due:
                self._pass_partial_on(stream)
            elif following is None or stream.due < following:
                following = stream.due
        return following

    def _pass_partial_on(self, stream: Stream) -> None:
        partial, stream.partial, stream.due = stream.partial, b"", None
        if partial:
            self._pass_on(stream, partial)

    def _read_result(self) -> None:
        if self._result is None:
            return
        self.last_output = time.monotonic()  # a task that reports is not idle
        if not self._result.read():
            self._poll.unregister(self._result.descriptor)
            self._result = None

    def _pass_on(self, stream: Stream, block: bytes) -> None:
        if self._outlets.heading:
            self._write_heading()
        stream.excerpt.feed(block)
        if not stream.is_error:
            self._outlets.parser.feed(block)
        self._outlets.log.write(block)
        self._echo_lines(stream, block)

    def _write_heading(self) -> None:
        outlets = self._outlets
        heading, outlets.heading = outlets.heading, b""
        outlets.log.write(heading if outlets.log.ends_line else b"\n" + heading)
        outlets.echo.write_heading(heading)

    def _echo_lines(self, stream: Stream, block: bytes) -> None:
        """Echo whole lines only: the journal makes one entry of each piece that it gets."""
        block = stream.unechoed + block
        cut = block.rfind(b"\n") + 1
        if len(block) - cut > LARGEST_LINE:
            self._outlets.echo.write(block + b"\n", is_error=stream.is_error)
            cut = len(block)
        elif cut:
            self._outlets.echo.write(block[:cut], is_error=stream.is_error)
        stream.unechoed = block[cut:]

    def _end(self, descriptor: int) -> None:
        stream = self._streams.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        self._pass_partial_on(stream)
        self._finish(stream)

    def _finish(self, stream: Stream) -> None:
        """Echo a last line that has no newline."""
        if stream.unechoed:
            self._outlets.echo.write(stream.unechoed + b"\n", is_error=stream.is_error)
            stream.unechoed = b""

    def _wait_for_room(self) -> bool:
        waiting = select.poll()
        waiting.register(self._outlets.echo.descriptor, select.POLLOUT)
        return bool(waiting.poll(1000))

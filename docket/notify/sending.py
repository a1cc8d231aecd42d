"""Sending at once through several channels, each in a forked process with a hard deadline.

A name that does not resolve, or a handshake that hangs, cannot be ended from within; a process can.
What a channel needs (TLS, HTTP, a library) is loaded only in that process.
"""

from __future__ import annotations

import os
import select
import time

from docket.model import signals
from docket.model.jsontext import dumps, loads
from docket.notify.delivery import FAILED, NOT_SENT, TIMED_OUT, UNANSWERED, Delivery
from docket.notify.job import ChannelJob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


KILL_AFTER_SECONDS = 1.0  # how long after its deadline a channel may still report that it missed it
_LARGEST = 256 * 1024


class Sending:
    """A process that sends one job. `seconds` is how long it took, once it is over."""

    def __init__(
        self, job: ChannelJob, environment: Mapping[str, str], timeout_seconds: float
    ) -> None:
        self._begun = time.monotonic()
        self.deadline = self._begun + timeout_seconds + KILL_AFTER_SECONDS
        self.seconds = 0.0
        self._told = b""
        self.reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self.reader)
            os.close(writer)
            raise
        if self._pid == 0:
            _in_child(job, environment, writer, timeout_seconds)
        os.close(writer)

    def read(self) -> bool:
        """Read what the process writes; False once it has written everything."""
        data = os.read(self.reader, 1 << 16)
        self._told += data[: _LARGEST - len(self._told)]
        return bool(data)

    def finish(self, *, ended: bool) -> Delivery:
        """Return the outcome of the message; a process that has not `ended` is killed."""
        self.seconds = time.monotonic() - self._begun
        os.close(self.reader)
        try:
            found = Delivery(**loads(self._told.decode()))
        except (ValueError, TypeError):
            late = self.seconds + KILL_AFTER_SECONDS / 2 >= self.deadline - self._begun
            found = Delivery(UNANSWERED, TIMED_OUT, problem="It did not end in time")
            if not late:
                found = Delivery(FAILED, TIMED_OUT, problem="The sending process died")
        if not ended or found.state == UNANSWERED:  # a program that the channel started may go on
            self._kill()
        os.waitpid(self._pid, 0)
        return found

    def _kill(self) -> None:
        """Kill the process and what it has started; it may not have come to its own group yet."""
        for end in (os.killpg, os.kill):
            try:
                end(self._pid, signals.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue


def deliver(sendings: Sequence[Sending]) -> list[Delivery]:
    """Wait for all of them, each until its own deadline, and return the outcomes in order."""
    waiting = select.poll()
    open_ones = {sending.reader: sending for sending in sendings}
    found: dict[int, Delivery] = {}
    for reader in open_ones:
        waiting.register(reader, select.POLLIN)
    while open_ones:
        left = min(sending.deadline for sending in open_ones.values()) - time.monotonic()
        ready = {reader for reader, _ in waiting.poll(max(left, 0.0) * 1000)}
        now = time.monotonic()
        for reader, sending in list(open_ones.items()):
            told_all = reader in ready and not sending.read()
            if told_all or now >= sending.deadline:
                waiting.unregister(reader)
                del open_ones[reader]
                found[id(sending)] = sending.finish(ended=told_all)
    return [found[id(sending)] for sending in sendings]


def _in_child(
    job: ChannelJob, environment: Mapping[str, str], writer: int, timeout_seconds: float
) -> None:
    """Send, write the outcome into the pipe, and end the process, whatever happens."""
    try:
        os.setpgid(0, 0)
        from docket.notify.child import speak  # noqa: PLC0415  (only in the sending process)

        speak(job, environment, writer, timeout_seconds)
    except Exception as error:  # noqa: BLE001  (the end of a process: it tells what it was)
        problem = f"The sending process failed with {type(error).__name__}"
        os.write(writer, dumps(Delivery(FAILED, NOT_SENT, problem=problem).to_json()).encode())
    finally:
        os._exit(0)

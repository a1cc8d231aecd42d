"""Signals that ask the runner to stop, turned into something that poll can wait for."""

from __future__ import annotations

import os

from docket.model import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_ASKING = (signals.SIGTERM, signals.SIGINT, signals.SIGHUP)


class StopSignals:
    """Catches SIGTERM, SIGINT and SIGHUP; `received` is the first of them, or 0.

    `descriptor` becomes readable when one comes.
    """

    __slots__ = ("_writer", "descriptor", "received")

    def __init__(self) -> None:
        self.received = 0
        self.descriptor, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in _ASKING:
            signals.signal(number, self._catch)
        signals.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.received = self.received or number

    def drain(self) -> None:
        """Empty the pipe, so that poll waits again."""
        try:
            while os.read(self.descriptor, 512):
                pass
        except BlockingIOError:
            pass


def restore_in_child() -> None:
    """Give a forked child the dispositions that a program expects."""
    signals.set_wakeup_fd(-1)
    for number in (*_ASKING, signals.SIGPIPE, signals.SIGXFSZ):
        signals.signal(number, signals.SIG_DFL)


RESTORED_BY_SPAWN = (*_ASKING, signals.SIGPIPE, signals.SIGXFSZ)

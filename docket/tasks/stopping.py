"""SIGTERM as something that a loop can wait for, instead of the end of the process."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType
from typing import Any, Self


class StopRequest:
    """Inside its `with`, SIGTERM is noted; `descriptor` is readable from then on."""

    def __init__(self) -> None:
        self.descriptor = -1
        self.at: float | None = None  # on the monotonic clock
        self._writer = -1
        self._before: Any = None

    def __enter__(self) -> Self:
        """Begin to note the signal."""
        self.descriptor, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._before = signal.signal(signal.SIGTERM, self._noted)
        return self

    def __exit__(self, *_: object) -> None:
        """Let the signal do what it did before."""
        signal.signal(signal.SIGTERM, self._before)
        os.close(self._writer)
        os.close(self.descriptor)

    @property
    def asked(self) -> bool:
        """Whether everything is to come to an end."""
        return self.at is not None

    def ask(self) -> None:
        """Ask for the end, as the signal does."""
        if self.at is None:
            self.at = time.monotonic()
            os.write(self._writer, b"x")

    def _noted(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.ask()

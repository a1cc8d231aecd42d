"""An install in a child that is killed at one of its moments.

A moment is a call that changes the disk, or one that asks the service manager. The child dies by
SIGKILL just before the call, or in the middle of what it writes, in real files.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from tests.contract.fake_units import FakeUnits

_ON_DISK = (
    *("open", "write", "fchmod", "fsync", "close", "replace", "unlink", "link", "mkdir"),
    *("chmod", "utime", "symlink", "rename", "posix_fadvise"),
)
_OF_MANAGER = ("reload", "start", "stop", "enable", "disable", "reset_failed", "clean_state")
_REAL = {name: getattr(os, name) for name in _ON_DISK}
_REAL["fsync"] = lambda _descriptor: None  # a process that dies takes nothing back: not a power cut
FINISHED = 0


class Kept(FakeUnits):
    """A service manager that outlives the process that asks it: what it knows is in a file."""

    path = ""

    def recall(self) -> None:
        """Know what was known before."""
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                loaded, active = json.load(file)
            self._loaded, self._active = loaded, set(active)

    def keep(self) -> None:
        """Write down what is known."""
        data = json.dumps([self._loaded, sorted(self._active)]).encode()
        descriptor = _REAL["open"](self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        _REAL["write"](descriptor, data)
        _REAL["close"](descriptor)

    def start_with(self, names: Sequence[str]) -> None:
        """Let timers be active and loaded from the beginning."""
        self.reload()
        self.enable(names)
        self.start(names)
        self.keep()

    @property
    def running(self) -> set[str]:
        """The active timers."""
        return set(self._active)

    @property
    def definitions(self) -> dict[str, str]:
        """The texts of the units as they were last read."""
        return dict(self._loaded)


def count_moments(work: Callable[[], object], units: Kept) -> int:
    """Return how many moments the whole of `work` has; it is done in a child, to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        moments = _Moments(0)
        moments.watch(units)
        work()
        _REAL["write"](writing, str(moments.count).encode())
        os._exit(FINISHED)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == FINISHED
    with os.fdopen(reading) as pipe:
        return int(pipe.read())


def killed_at(moment: int, work: Callable[[], object], units: Kept) -> bool:
    """Do `work` in a child that dies at its `moment`; return whether it died there."""
    child = os.fork()
    if child == 0:
        try:
            _Moments(moment).watch(units)
            work()
            os._exit(FINISHED)
        finally:
            os._exit(70)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (FINISHED, -signal.SIGKILL)
    return code != FINISHED


class _Moments:
    """Counts the calls of this process, and ends it at the one that it was told; 0 is none."""

    def __init__(self, last: int) -> None:
        self.count = 0
        self._last = last

    def watch(self, units: Kept) -> None:
        for name in _ON_DISK:
            setattr(os, name, self._counted(_REAL[name], torn=name == "write"))
        for name in _OF_MANAGER:
            setattr(units, name, self._kept(self._counted(getattr(units, name)), units))

    def _counted(self, call: Callable[..., Any], *, torn: bool = False) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self._last:
                if torn:
                    descriptor, data = arguments
                    _REAL["write"](descriptor, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return counted

    def _kept(self, call: Callable[..., Any], units: Kept) -> Callable[..., Any]:
        def kept(*arguments: Any, **named: Any) -> Any:
            try:
                return call(*arguments, **named)
            finally:
                units.keep()

        return kept

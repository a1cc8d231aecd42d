"""Starts a process in a session of its own, without the caller's terminal and open files."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

# Variables about the caller's own unit do not go to the new process.
_OF_THE_CALLERS_UNIT = (
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "MAINPID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "SYSTEMD_EXEC_PID",
    "TRIGGER_PATH",
    "TRIGGER_TIMER_MONOTONIC_USEC",
    "TRIGGER_TIMER_REALTIME_USEC",
    "TRIGGER_UNIT",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
)
_SIGNALS = (
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGPIPE,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGTSTP,
)


def start_detached(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Start a program that goes on by itself and return its process id; OSError if it cannot be.

    Its standard streams are /dev/null. The caller may have threads, so nothing is forked here, and
    may live for long, so the ended program is reaped.
    """
    null = os.devnull
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, null, os.O_RDWR, 0) for number in range(3)
    ]
    # A pipe that it held open would keep its reader waiting for our end.
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in _inheritable()]
    pid = os.posix_spawn(
        words[0],
        list(words),
        {name: value for name, value in environ.items() if name not in _OF_THE_CALLERS_UNIT},
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=_SIGNALS,
    )
    threading.Thread(target=_reap, args=(pid,), name=f"docket-run-{pid}", daemon=True).start()
    return pid


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # our parent ignores SIGCHLD
        os.waitpid(pid, 0)


def _inheritable() -> list[int]:
    found = []
    for number in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError):  # it was closed meanwhile
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found

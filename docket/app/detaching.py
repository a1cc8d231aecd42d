"""A process in a session of its own: no terminal, no open file and no parent of the caller's."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

# What a service manager tells the caller about the caller's own unit is none of the new process.
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


def start_detached(words: Sequence[str], environ: Mapping[str, str], directory: str) -> int:
    """Start a program that nobody waits for and return its process id; OSError where it cannot be.

    It begins in `directory`, and its standard streams are /dev/null.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _report(writing, words, environ, directory)
    os.close(writing)
    with open(reading, encoding="ascii") as pipe:
        answer = pipe.read()
    with suppress(ChildProcessError):  # whoever started us ignores SIGCHLD
        os.waitpid(child, 0)
    pid, _, number = answer.partition(" ")
    if not pid.isdigit():
        code = int(number) if number else 0
        raise OSError(code, os.strerror(code) if code else "it died", words[0])
    return int(pid)


def _report(writing: int, words: Sequence[str], environ: Mapping[str, str], directory: str) -> None:
    """Start the program and say its process id, or `E` and the errno; never returns."""
    try:
        answer = str(_spawn(writing, words, environ, directory))
    except OSError as error:
        answer = f"E {error.errno or 0}"
    except BaseException:  # noqa: BLE001  (a forked child must end here, whatever comes)
        answer = "E"
    try:
        os.write(writing, answer.encode())
    finally:
        os._exit(0)


def _spawn(writing: int, words: Sequence[str], environ: Mapping[str, str], directory: str) -> int:
    os.chdir(directory)
    _close_all_but(writing)
    null = os.devnull
    return os.posix_spawn(
        words[0],
        list(words),
        {name: value for name, value in environ.items() if name not in _OF_THE_CALLERS_UNIT},
        file_actions=[(os.POSIX_SPAWN_OPEN, number, null, os.O_RDWR, 0) for number in range(3)],
        setsid=True,
        setsigmask=(),
        setsigdef=_SIGNALS,
    )


def _close_all_but(kept: int) -> None:
    """Close what was inherited: a pipe held open would keep its reader waiting for our end."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            with suppress(OSError):
                os.close(int(name))

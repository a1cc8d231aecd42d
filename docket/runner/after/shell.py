"""The shell command of a hook: started, listened to, and ended at its deadline."""

from __future__ import annotations

import os
import select
import time

from docket.errors import DocketError
from docket.model import signals
from docket.runner.call.signals import RESTORED_BY_SPAWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docket.model.excerpt import Excerpt
    from docket.model.rows import HookRow


def run_shell(
    outcome: HookRow,
    command: str,
    environment: dict[str, str],
    timeout_seconds: float,
    kept: tuple[Excerpt, Excerpt],
    start: Callable[[str, dict[str, str], tuple[int, int]], int],
) -> None:
    """Run a shell command to its end or its deadline, into `outcome`; OSError if not started.

    `kept` takes its output and its errors; `start` starts it with descriptors for both.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    error_reader, error_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    for descriptor in (writer, error_writer):
        os.set_blocking(descriptor, True)
    try:
        pid = start(command, environment, (writer, error_writer))
    except (OSError, DocketError):
        os.close(reader)
        os.close(error_reader)
        raise
    finally:
        os.close(writer)
        os.close(error_writer)
    excerpts = dict(zip((reader, error_reader), kept, strict=True))
    in_time = _listen(pid, excerpts, time.monotonic() + timeout_seconds)
    _end_group(pid)
    _, status = os.waitpid(pid, 0)
    outcome.stdout, outcome.stderr = (excerpt.text() for excerpt in excerpts.values())
    outcome.exit_code = os.waitstatus_to_exitcode(status) if in_time else -1
    outcome.state = "done" if in_time else "timed_out"


def spawn_shell(command: str, environment: dict[str, str], outputs: tuple[int, int]) -> int:
    """Start a shell command and return its process id; OSError."""
    return os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", command],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, outputs[0], 1),
            (os.POSIX_SPAWN_DUP2, outputs[1], 2),
        ],
        setpgroup=0,
        setsigdef=RESTORED_BY_SPAWN,
    )


def _listen(pid: int, excerpts: dict[int, Excerpt], deadline: float) -> bool:
    """Read the pipes until the shell has ended; False if the deadline came first."""
    pidfd = os.pidfd_open(pid)
    waiting = select.poll()
    for descriptor in (pidfd, *excerpts):
        waiting.register(descriptor, select.POLLIN)
    ended = False
    while not ended:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        for descriptor, _ in waiting.poll(left * 1000):
            if descriptor == pidfd:
                ended = True
            elif not _read(descriptor, excerpts[descriptor]):
                waiting.unregister(descriptor)
    os.close(pidfd)
    for descriptor, excerpt in excerpts.items():
        _read(descriptor, excerpt)
        os.close(descriptor)
    return ended


def _read(descriptor: int, excerpt: Excerpt) -> bool:
    """Read what is there; False at the end of the pipe."""
    try:
        for _ in range(16):  # a chatty hook must not keep us from its deadline
            data = os.read(descriptor, 1 << 16)
            if not data:
                return False
            excerpt.feed(data)
    except BlockingIOError:
        pass
    return True


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signals.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass

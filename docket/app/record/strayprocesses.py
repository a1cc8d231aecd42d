"""What a run without a unit of its own leaves behind: processes that carry its id."""

from __future__ import annotations

import os
import select
import signal

_DEATH_SECONDS = 5.0
_HOOKS_HAVE = b"DOCKET_STATUS="


def kill_leftovers(run_id: str) -> list[int]:
    """Kill every process that a run's command left behind; return their ids when they are dead.

    They are known by the environment that they were started with. Hooks, other runs and the caller
    are spared; each process is held by a pidfd while it is looked at, so that no other is hit.
    """
    killed: list[int] = []
    while found := [pid for pid in _pids() if pid not in killed and _kill(pid, run_id)]:
        killed += found  # one that forked meanwhile left a child: look again
    return killed


def _pids() -> list[int]:
    own = (os.getpid(), os.getppid())
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own]


def _kill(pid: int, run_id: str) -> bool:
    if not _belongs(pid, run_id):
        return False
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _belongs(pid, run_id):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        ended.poll(_DEATH_SECONDS * 1000)
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return True


def _belongs(pid: int, run_id: str) -> bool:
    try:
        # A row is the word of its user, and says nothing about the processes of anybody else.
        if os.stat(f"/proc/{pid}").st_uid != os.geteuid():
            return False
    except OSError:
        return False
    environ = _read(f"/proc/{pid}/environ").split(b"\0")
    if f"DOCKET_RUN_ID={run_id}".encode() not in environ:
        return False
    return not any(word.startswith(_HOOKS_HAVE) for word in environ) and not _is_runner(pid)


def _is_runner(pid: int) -> bool:
    words = _read(f"/proc/{pid}/cmdline").split(b"\0")
    return b"exec" in words and any(word.endswith(b"libexec/docket") for word in words)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""

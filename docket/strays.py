"""What a run without a unit leaves behind: its descendants, and processes that carry its id."""

from __future__ import annotations

import os
import select
import time

from docket.model import signals

_DEATH_SECONDS = 5.0
# How often, and how far apart, a process in the middle of execve is looked at.
_LOOKS, _LOOK_SECONDS = 100, 0.002
_HOOKS_HAVE = b"DOCKET_STATUS="


def kill_leftovers(run_id: str, owner: int | None = None) -> list[int]:
    """Kill every process that a run's command left behind; return their ids when they are dead.

    They belong to the caller, or to `owner`, the user of the task.
    They are known by the environment that they were started with. Hooks, other runs and the caller
    are spared; each process is held by a pidfd while it is looked at, so that no other is hit.
    """
    killed: list[int] = []
    while found := [pid for pid in _pids() if pid not in killed and _kill(pid, run_id, owner)]:
        killed += found  # a process that forked meanwhile left a child: look again
    return killed


class Strays:
    """The processes of a run outside the process group of its command, held from when it is ended.

    Found are the command's descendants, and processes started with the run's id. A process with
    an emptied environment whose parent ended before is not found: only a unit holds that.
    """

    __slots__ = ("_held", "_owner", "_run_id")

    def __init__(self, run_id: str, owner: int | None = None) -> None:
        """`owner` is the user of the task, if that is another one."""
        self._run_id = run_id
        self._owner = owner
        self._held: dict[int, int] = {}

    def signal(self, leader: int, number: int) -> None:
        """Send a signal to all of them; with SIGKILL also to those that they start meanwhile."""
        self._find(leader)
        self._send(number)
        while number == signals.SIGKILL and self._find(leader):
            self._send(number)  # what a process started before it was killed

    def close(self) -> None:
        """Let go of them."""
        for pidfd in self._held.values():
            os.close(pidfd)
        self._held.clear()

    def _send(self, number: int) -> None:
        for pidfd in self._held.values():
            try:
                signals.pidfd_send_signal(pidfd, number)
            except OSError:  # it has ended, or has become another user's
                continue

    def _find(self, leader: int) -> bool:
        """Hold those that are not held yet; return whether there were any."""
        found = False
        own = {pid for pid in _pids() if _belongs(pid, self._run_id, self._owner)}
        for pid in own | _descendants({leader, *own, *self._held}):
            if pid in self._held:
                continue
            try:
                if os.getpgid(pid) != leader:
                    self._held[pid] = os.pidfd_open(pid)
                    found = True
            except OSError:
                continue
        return found


def is_runner(pid: int) -> bool:
    """Whether that process is a `docket exec`; one that took its number over is not one."""
    words = _read(f"/proc/{pid}/cmdline").split(b"\0")
    return b"exec" in words and any(word.endswith(b"libexec/docket") for word in words)


def _descendants(roots: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(pid)
    found: list[int] = [pid for root in roots for pid in children.get(root, [])]
    for pid in found:
        found += children.get(pid, [])
    return set(found)


def _pids() -> list[int]:
    own = (os.getpid(), os.getppid())
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own]


def _kill(pid: int, run_id: str, owner: int | None) -> bool:
    if not _belongs(pid, run_id, owner):
        return False
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _belongs(pid, run_id, owner):
            return False
        signals.pidfd_send_signal(pidfd, signals.SIGKILL)
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        ended.poll(_DEATH_SECONDS * 1000)
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return True


def _belongs(pid: int, run_id: str, owner: int | None) -> bool:
    try:
        # A user writes its own rows, so a row says nothing about the processes of another user.
        if os.stat(f"/proc/{pid}").st_uid not in (os.geteuid(), owner):
            return False
    except OSError:
        return False
    environ = _environ(pid)
    if f"DOCKET_RUN_ID={run_id}".encode() not in environ:
        return False
    return not any(word.startswith(_HOOKS_HAVE) for word in environ) and not is_runner(pid)


def _environ(pid: int) -> list[bytes]:
    """Return the environment that a process was started with.

    In the middle of execve the kernel shows neither words nor environment: it is looked at again.
    """
    begun = False
    for _ in range(_LOOKS):
        environ = _read(f"/proc/{pid}/environ")
        if environ or begun or not _has_program(pid):
            return environ.split(b"\0")
        begun = bool(_read(f"/proc/{pid}/cmdline"))
        if not begun:
            time.sleep(_LOOK_SECONDS)
    return []


def _has_program(pid: int) -> bool:
    """Whether a process is neither the kernel's own nor dead."""
    try:
        os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return True


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""

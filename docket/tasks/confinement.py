"""The limits of the child that imports foreign code: memory, time, network, processes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time

_ADDRESSES = 4 << 30  # bytes; libraries reserve more than they use
_MEMORY = 1 << 30
_LARGEST_FILE = 16 << 20
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000  # clone(2)
_SET_CHILD_SUBREAPER = 36  # prctl(2)
_END_SECONDS = 2.0


def confine(answer: int, cpu_seconds: int) -> None:
    """Return in a new process that has limits; this one stays behind as its guard.

    When that process ends, or the guard gets SIGTERM, all its descendants are killed, whatever
    their session. If the kernel allows it they have a PID namespace and no network. Only the
    new process keeps the descriptor `answer`.
    """
    apart = _leave_namespaces()
    if not apart:
        _adopt_orphans()
    signal.signal(signal.SIGTERM, _end_at_once)
    child = os.fork()
    if child == 0 and apart:  # the first process of the namespace, with which all the others end
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        child = os.fork()
        if child:
            os.close(answer)
            os._exit(_shell_code(_status_of(child)))
    if child:
        os.close(answer)
        _guard(child, apart=apart)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit(cpu_seconds)


def _leave_namespaces() -> bool:
    """Leave the network and the PID namespace; False if the kernel does not allow it."""
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            _unshare(_NEW_PID | _NEW_NET)
            return True
        _unshare(_NEW_USER | _NEW_PID | _NEW_NET)
    except (OSError, ImportError):
        return False
    with contextlib.suppress(OSError):  # without a map only the names of users are missing
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    return True


def _unshare(flags: int) -> None:
    if hasattr(os, "unshare"):  # Python 3.12
        os.unshare(flags)
        return
    import ctypes  # noqa: PLC0415  (older Pythons)

    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _adopt_orphans() -> None:
    with contextlib.suppress(OSError, ImportError, AttributeError):
        import ctypes  # noqa: PLC0415  (if there are no namespaces)

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _limit(cpu_seconds: int) -> None:
    limits = {
        resource.RLIMIT_AS: (_ADDRESSES, _ADDRESSES),
        resource.RLIMIT_DATA: (_MEMORY, _MEMORY),
        resource.RLIMIT_FSIZE: (_LARGEST_FILE, _LARGEST_FILE),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1),
    }
    for kind, (soft, hard) in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
            resource.setrlimit(kind, (soft, hard))


def _guard(child: int, *, apart: bool) -> None:
    """Leave as the child did when it has ended, and nothing that it started is left."""
    status = _status_of(child)
    _kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    number = -code if code < 0 else code - 128 if apart and code > 128 else 0
    if number:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            os.kill(os.getpid(), number)
    os._exit(code & 0xFF)


def _end_at_once(*_: object) -> None:
    _kill_descendants()
    os._exit(0)


def _status_of(child: int) -> int:
    """Wait for a child, and for the orphans that come to us meanwhile."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return status


def _shell_code(status: int) -> int:
    """Return the exit code that a shell gives for an end; the first process cannot kill itself."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _kill_descendants() -> None:
    deadline = time.monotonic() + _END_SECONDS
    while (found := _descendants()) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _descendants() -> list[int]:
    """Return the processes below this one; with the orphans adopted, nobody leaves this tree."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                children.setdefault(_parent(name), []).append(int(name))
    found = list(children.get(os.getpid(), []))
    for pid in found:
        found += children.get(pid, [])
    return found


def _parent(pid: str) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[1])


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)

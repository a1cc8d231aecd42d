"""The end of a sandbox at its own processes: landlock(7), for this process and what it starts.

In the system scope a strict sandbox has no user namespace, so the kernel lets a process in it look
into every process of the same user: `/proc/PID/root` of one outside is the whole file system.
Inside a Landlock domain only processes of that domain can be looked into. Only confined runs load
this; `ctypes` is the one way to these calls in the standard library.
"""

from __future__ import annotations

import ctypes
import os

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_PATH_BENEATH = 1
# A domain has to control at least one right. This one controls moving files between directories,
# and allows it everywhere. Before Linux 5.19 every domain forbids that.
_REFER = 1 << 13
_CAPABILITIES_THAT_LEAVE = (1 << 19) | (1 << 21)  # CAP_SYS_PTRACE, CAP_SYS_ADMIN


def enclose() -> None:
    """Let this process and its descendants look into no process outside; OSError if it cannot be.

    Nothing is done where the unit grants a capability that is meant for just that.
    """
    if _bounding_set() & _CAPABILITIES_THAT_LEAVE:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    handled = (ctypes.c_uint64 * 1)(_REFER)
    ruleset = _call(libc, _CREATE_RULESET, handled, ctypes.sizeof(handled), 0)
    top = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _REFER.to_bytes(8, "little") + top.to_bytes(4, "little")
        _call(libc, _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        _call(libc, _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(top)
        os.close(ruleset)


def _bounding_set() -> int:
    with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("CapBnd:"):
                return int(line.split()[1], 16)
    return 0


def _call(libc: ctypes.CDLL, *words: object) -> int:
    found: int = libc.syscall(*words)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found

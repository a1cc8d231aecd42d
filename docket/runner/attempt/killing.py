"""Finding the cgroup of a run in a unit of its own, and ending all its processes."""

from __future__ import annotations

import os

from docket.model import signals

_CGROUP_ROOTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")


def signal_cgroup(unit: str, number: int) -> int:
    """Send a signal to everything in our own unit but ourselves; return how many were signalled.

    Nothing is done if this process does not run in that unit's cgroup, because then the cgroup
    belongs to somebody's session.
    """
    directory = own_cgroup(unit)
    if directory is None:
        return 0
    signalled = 0
    for pid in _members(directory):
        if pid != os.getpid():
            signalled += _signal_member(directory, pid, number)
    return signalled


def own_cgroup(unit: str) -> str | None:
    """Return the directory of our cgroup if it is that of `unit`, else None."""
    if not unit or "INVOCATION_ID" not in os.environ:
        return None
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "name=systemd") and path.rpartition("/")[2] == unit:
            for root in _CGROUP_ROOTS:
                if os.path.exists(f"{root}{path}/cgroup.procs"):
                    return root + path
    return None


def _members(directory: str) -> list[int]:
    found: list[int] = []
    for base, _, names in os.walk(directory):
        if "cgroup.procs" in names:
            try:
                with open(f"{base}/cgroup.procs", encoding="utf-8") as file:
                    found += [int(line) for line in file]
            except OSError:
                continue
    return found


def _signal_member(directory: str, pid: int, number: int) -> int:
    """Signal one process through a descriptor, after a second look that it is still a member."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return 0
    try:
        if pid not in _members(directory):
            return 0
        signals.pidfd_send_signal(descriptor, number)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return 1

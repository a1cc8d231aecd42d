"""Who holds a lock, as the kernel says: a process by its pidfd, never by a number from a file."""

from __future__ import annotations

import os
import select

_LOCKS = "/proc/locks"


def open_holder(path: str) -> tuple[int, int] | None:
    """Return (pid, pidfd) of the process that holds the flock on `path`, else None.

    The number in /proc/locks may be another process's by now, so the process is first held by a
    pidfd and then checked: it must be alive and have this file open.
    """
    try:
        found = os.lstat(path)  # a link would name the lock of any other program
        pid = _flock_owner(found.st_ino)
        if pid is None:
            return None
        pidfd = os.pidfd_open(pid)
    except OSError:
        return None
    if _has_open(pid, found) and not is_over(pidfd):
        return pid, pidfd
    os.close(pidfd)
    return None


def is_over(pidfd: int) -> bool:
    """Whether the process of a pidfd has ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def _flock_owner(inode: int) -> int | None:
    """Return the owner of the exclusive flock on the inode, as proc_locks(5) lists it.

    Device numbers are left aside, for some file systems show others there than to stat; the open
    file shows a wrong inode.
    """
    with open(_LOCKS, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if (
                len(words) > 5
                and words[1] == "FLOCK"
                and words[3] == "WRITE"
                and words[5].endswith(f":{inode}")
                and words[4].isdigit()
                and words[4] != "0"
            ):
                return int(words[4])
    return None


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    directory = f"/proc/{pid}/fd"
    try:
        names = os.listdir(directory)
    except OSError:
        return False
    for name in names:
        try:
            found = os.stat(os.path.join(directory, name))
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False

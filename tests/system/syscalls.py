"""The system calls that namespaces and mounts need, and the way out of a chroot."""

from __future__ import annotations

import ctypes
import os
import signal

NEW_MOUNT, NEW_CGROUP, NEW_UTS, NEW_IPC, NEW_PID = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x20000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_SHARED = 4096, 8192, 16384, 1 << 18, 1 << 20
MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """Mount by the system call: `mount` of the machine is out of reach after leaving a chroot."""
    result = libc.mount(
        source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags),
        options.encode() or None,
    )  # fmt: skip
    checked(result, f"mounting {kind or source} at {target}")


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent is gone."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def private_mounts(tree: str) -> str:
    """Enter a mount namespace from which nothing reaches the outside; return the path of `tree`.

    In a chroot the root directory is not a mount point, so no name makes its mounts private:
    the chroot is left first, and the path of its tree as seen from outside is what comes back.
    """
    held = os.open(tree, os.O_PATH | os.O_DIRECTORY)
    checked(libc.unshare(NEW_MOUNT), "making a mount namespace")
    try:
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError:
        leave_chroot()
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    os.fchdir(held)
    return os.getcwd()


def leave_chroot() -> None:
    """Make the namespace's own root the root again: `..` has no end once the root is elsewhere."""
    outside = os.open("/", os.O_PATH | os.O_DIRECTORY)
    os.chroot("/usr")
    os.fchdir(outside)
    for _ in range(128):
        os.chdir("..")
    os.chroot(".")

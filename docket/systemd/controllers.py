"""Which resource controllers of the kernel the service manager of a scope can use."""

from __future__ import annotations

import os

ROOT = "/sys/fs/cgroup"
_OLDER_NAMES = {"blkio": "io"}  # of the hierarchies before cgroup2


def controllers(*, system: bool, uid: int, root: str = ROOT) -> frozenset[str] | None:
    """Return the controllers of the scope's control group; None if that is not known.

    The user's manager has those that its unit delegates (systemd.resource-control(5), Delegate=).
    In the older hierarchies nothing is delegated to it.
    """
    below = "" if system else f"user.slice/user-{uid}.slice/user@{uid}.service"
    try:
        with open(os.path.join(root, below, "cgroup.controllers"), encoding="ascii") as file:
            return frozenset(file.read().split())
    except (OSError, UnicodeDecodeError):
        return _of_older(root, system=system)


def _of_older(root: str, *, system: bool) -> frozenset[str] | None:
    """Return the controllers of the older hierarchies; None if there are none.

    systemd takes `cpu` and `cpuacct` for one: where they are mounted apart, it puts no service into
    a group of `cpu`, and no quota and no weight holds.
    """
    try:
        names = os.listdir(root)
    except OSError:
        return None
    if "systemd" not in names:
        return None
    if not _is_one(os.path.join(root, "cpu"), os.path.join(root, "cpuacct")):
        names = [name for name in names if name != "cpu"]
    return frozenset(_OLDER_NAMES.get(name, name) for name in names) if system else frozenset()


def _is_one(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False

"""Which resource controllers of the kernel the service manager of a scope can use."""

from __future__ import annotations

import os

_ROOT = "/sys/fs/cgroup"


def controllers(*, system: bool, uid: int, root: str = _ROOT) -> frozenset[str] | None:
    """Return the controllers of the scope's control group; None where that cannot be told.

    The user's manager has those that its unit delegates (systemd.resource-control(5), Delegate=).
    """
    below = "" if system else f"user.slice/user-{uid}.slice/user@{uid}.service"
    try:
        with open(os.path.join(root, below, "cgroup.controllers"), encoding="ascii") as file:
            return frozenset(file.read().split())
    except (OSError, UnicodeDecodeError):
        return None

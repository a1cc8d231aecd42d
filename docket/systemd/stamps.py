"""The stamps of persistent timers: when systemd last started each one (timer.c, timer_setup)."""

from __future__ import annotations

import os
from collections.abc import Mapping

_SYSTEM = "/var/lib/systemd/timers"


def stamp_path(timer: str, environ: Mapping[str, str], *, system: bool, user_home: str) -> str:
    """Return where the stamp of `timer` is, if it has one.

    The user's manager has its own XDG_DATA_HOME, which is taken to be the caller's.
    """
    if system:
        return os.path.join(_SYSTEM, f"stamp-{timer}")
    data = environ.get("XDG_DATA_HOME") or os.path.join(user_home, ".local", "share")
    return os.path.join(data, "systemd", "timers", f"stamp-{timer}")


def touch(path: str) -> bool:
    """Set a stamp to now, so that nothing before counts as missed; return whether there was one."""
    try:
        os.utime(path, follow_symlinks=False)
    except OSError:  # no stamp: systemd makes one when the timer starts
        return False
    return True


def remove(path: str) -> bool:
    """Remove a stamp; return whether there was one."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True

"""Signals as plain numbers.

Importing `signal` makes enums of them all, which costs a run 3 million instructions.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _numbers
    from signal import (
        SIG_DFL,
        SIGHUP,
        SIGINT,
        SIGKILL,
        SIGPIPE,
        SIGTERM,
        SIGXCPU,
        SIGXFSZ,
        set_wakeup_fd,
        signal,
    )
else:
    import _signal as _numbers
    from _signal import (
        SIG_DFL,
        SIGHUP,
        SIGINT,
        SIGKILL,
        SIGPIPE,
        SIGTERM,
        SIGXCPU,
        SIGXFSZ,
        set_wakeup_fd,
        signal,
    )

__all__ = [
    "SIGHUP",
    "SIGINT",
    "SIGKILL",
    "SIGPIPE",
    "SIGTERM",
    "SIGXCPU",
    "SIGXFSZ",
    "SIG_DFL",
    "set_wakeup_fd",
    "signal",
    "signal_name",
]


def signal_name(number: int) -> str:
    """Return SIGTERM and the like; "signal 40" for a number without a name."""
    names = (name for name in dir(_numbers) if name.startswith("SIG") and name[3] != "_")
    return next((name for name in names if getattr(_numbers, name) == number), f"signal {number}")

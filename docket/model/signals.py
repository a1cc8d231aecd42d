"""Signals as plain numbers.

Importing `signal` makes enums of them all, which costs a run 3 million instructions.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _numbers
else:
    import _signal as _numbers

SIG_DFL = _numbers.SIG_DFL
SIGHUP = _numbers.SIGHUP
SIGINT = _numbers.SIGINT
SIGKILL = _numbers.SIGKILL
SIGPIPE = _numbers.SIGPIPE
SIGTERM = _numbers.SIGTERM
SIGXCPU = _numbers.SIGXCPU
SIGXFSZ = _numbers.SIGXFSZ
pidfd_send_signal = _numbers.pidfd_send_signal
set_wakeup_fd = _numbers.set_wakeup_fd
signal = _numbers.signal


def signal_name(number: int) -> str:
    """Return SIGTERM and the like; "signal 40" for a number without a name."""
    names = (name for name in dir(_numbers) if name.startswith("SIG") and name[3] != "_")
    return next((name for name in names if getattr(_numbers, name) == number), f"signal {number}")

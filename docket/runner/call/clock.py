"""The time of one runner: the wall clock as it was at its start, and a steady clock since then.

So the record of a run keeps its order and its durations, even if the clock is set meanwhile.
"""

from __future__ import annotations

import time

_STEADY = time.CLOCK_BOOTTIME  # goes on while the machine is suspended, as timers do
_STARTED_US = time.time_ns() // 1000
_STARTED_STEADY_NS = time.clock_gettime_ns(_STEADY)


def now_us() -> int:
    """Return the time in microseconds since the epoch."""
    return _STARTED_US + (time.clock_gettime_ns(_STEADY) - _STARTED_STEADY_NS) // 1000

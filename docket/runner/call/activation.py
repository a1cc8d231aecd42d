"""Which timer started this unit, and when it elapsed.

systemd keeps TRIGGER_UNIT and TRIGGER_TIMER_REALTIME_USEC of the first activation for as long as a
service stays loaded, and a timer keeps it loaded (252 and 257; systemd issue 24071). From the
second fire on they are wrong, and a start by hand carries them too. So the manager is asked. A
timer that started a service is in the substate `running` until that service ends, and its
LastTriggerUSec is the instant at which it elapsed. One that somebody stops or restarts before the
manager is asked has another substate by then; it still elapsed just before the service began.
"""

from __future__ import annotations

import os
import time

from docket.model.names import boot_timer_of
from docket.systemd.privatesocket import read_properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from docket.model.plan import Plan
    from docket.systemd.privatesocket import Question, Value

_START_US = 2_000_000  # the longest time from an elapse to the start of its service
_TRUSTED_AGE_US = 60_000_000  # how old a fire may be if the manager cannot be asked


class Elapse:
    """The elapse of a timer that started a service.

    `at_us` is its instant in microseconds since the epoch, None if nothing confirms one.
    `certain` is false if a start by hand, just after the timer's own, would look the same.
    `since_us` is when the timer was activated, None if that is not known.
    """

    __slots__ = ("at_us", "certain", "since_us", "timer")

    def __init__(
        self, timer: str, at_us: int | None, *, certain: bool = True, since_us: int | None = None
    ) -> None:
        self.timer = timer
        self.at_us = at_us
        self.certain = certain
        self.since_us = since_us


def timers_of(plan: Plan) -> list[str]:
    """Return the timers that may start the task's unit: the first one has the calendars."""
    boot = boot_timer_of(plan.timer_unit)
    if boot in plan.unit_hashes or os.environ.get("TRIGGER_UNIT") == boot:
        return [plan.timer_unit, boot]
    return [plan.timer_unit]


def timer_elapse(unit: str, timers: Sequence[str], lock_dir: str, *, system: bool) -> Elapse | None:
    """Return which of `timers` started `unit`, which this process is in, and when it elapsed.

    None if no timer did: by hand, by another unit, or outside the unit. A sandbox that closes
    the manager's socket has the answer noted in `lock_dir` by the command that prepared the run.
    """
    invocation = os.environ.get("INVOCATION_ID", "")
    if not invocation:
        return None
    questions: list[Question] = [
        (unit, "Unit", "InvocationID"),
        (unit, "Unit", "InactiveExitTimestampMonotonic"),
    ]
    for timer in timers:
        questions += [
            (timer, "Unit", "SubState"),
            (timer, "Timer", "LastTriggerUSec"),
            (timer, "Timer", "LastTriggerUSecMonotonic"),
            (timer, "Unit", "ActiveEnterTimestamp"),
        ]
    found = read_properties(questions, system=system)
    if found is None:
        return _noted(timers, lock_dir, unit, invocation, system=system)
    identity, begun = found[:2]
    if not isinstance(identity, bytes) or identity.hex() != invocation:
        return None
    return _newest(timers, begun, found[2:])


def _newest(timers: Sequence[str], begun: Value, found: list[Value]) -> Elapse | None:
    """Return the last elapse that started a service that began at `begun` (monotonic, in µs)."""
    newest: tuple[bool, int] = (False, 0)
    elapse: Elapse | None = None
    for place, timer in enumerate(timers):
        state, instant, monotonic, since = found[4 * place : 4 * place + 4]
        if not (isinstance(begun, int) and isinstance(instant, int) and isinstance(monotonic, int)):
            continue
        certain = state == "running"
        # One that elapsed later found the unit active: that fire is dropped, and not this one.
        before = begun - monotonic
        if before < 0 or (not certain and before > _START_US):
            continue
        if (certain, monotonic) > newest:
            newest = (certain, monotonic)
            since_us = since if isinstance(since, int) and since > 0 else None
            elapse = Elapse(timer, instant, certain=certain, since_us=since_us)
    return elapse


def _noted(
    timers: Sequence[str], lock_dir: str, unit: str, invocation: str, *, system: bool
) -> Elapse | None:
    from docket.runner.call.elapsenote import noted_answer  # noqa: PLC0415  (runs in a strict sandbox)

    noted = noted_answer(lock_dir, unit, invocation)
    if noted is None:
        return _without_manager(timers, system=system)
    if noted[0] is None:
        return None
    timer, at_us, certain, since_us = noted[0]
    return Elapse(timer, at_us, certain=certain, since_us=since_us)


def _without_manager(timers: Sequence[str], *, system: bool) -> Elapse | None:
    """Return what the environment says, as far as the stamp or the clock confirms it.

    The stamp of a persistent timer gets the instant of each elapse. If neither is recent, the
    timer is still named, so that no guard of unattended runs is passed.
    """
    timer = os.environ.get("TRIGGER_UNIT", "")
    if timer not in timers:
        return None
    now = time.time_ns() // 1000
    witnesses = (_stamp_us(timer, system=system), _instant())
    recent = [at for at in witnesses if at is not None and now - _TRUSTED_AGE_US <= at <= now]
    return Elapse(timer, max(recent, default=None))


def _stamp_us(timer: str, *, system: bool) -> int | None:
    from docket.systemd.stamps import stamp_path  # noqa: PLC0415  (a manager that cannot be asked)

    home = os.environ.get("HOME", "")
    try:
        found = os.lstat(stamp_path(timer, os.environ, system=system, user_home=home))
    except OSError:
        return None
    return found.st_mtime_ns // 1000


def _instant() -> int | None:
    text = os.environ.get("TRIGGER_TIMER_REALTIME_USEC", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None

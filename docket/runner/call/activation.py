"""Which timer or path unit started this unit, and when the timer elapsed.

systemd keeps TRIGGER_UNIT and TRIGGER_TIMER_REALTIME_USEC of the first activation for as long as a
service stays loaded, and a timer keeps it loaded (252 and 257; systemd issue 24071). From the
second fire on they are wrong, and a start by hand carries them too. So the manager is asked. A
timer that started a service is in the substate `running` until that service ends, and its
LastTriggerUSec is the instant at which it elapsed. One that somebody stops or restarts before the
manager is asked has another substate by then; it still elapsed just before the service began.

A path unit that started a service is `running` too, and has been since before the service began:
one that only learns of a start by others is so later, or not at all. A reload of the manager's
undoes that on 252. Which of several paths it was
is not known: TRIGGER_PATH is that of the first start as well.
"""

from __future__ import annotations

import os
import time

from docket.model.names import PATH_ENDING, boot_timer_of, path_unit_of
from docket.systemd.privatesocket import MANAGER, read_properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from docket.model.plan import Plan
    from docket.systemd.privatesocket import Question, Value

_START_US = 2_000_000  # the longest time from an elapse to the start of its service
# How long before its service a path unit changes on an idle machine: 38 ms was the longest. The end
# of a run changes it too, and no start by hand comes so soon after that and a reload.
_PATH_LEAD_US = 80_000
_TRUSTED_AGE_US = 60_000_000  # how old a fire may be if the manager cannot be asked


class Elapse:
    """The elapse of a timer that started a service, or the start of it by a path unit.

    `unit` is the timer or path unit. `at_us` is the instant of the elapse in microseconds since the
    epoch, None if nothing confirms one. `certain` is false if a start by hand, just after the
    timer's own, would look the same. `since_us` is when the timer was activated, None if that is
    not known.
    """

    __slots__ = ("at_us", "certain", "since_us", "unit")

    def __init__(
        self, unit: str, at_us: int | None, *, certain: bool = True, since_us: int | None = None
    ) -> None:
        self.unit = unit
        self.at_us = at_us
        self.certain = certain
        self.since_us = since_us

    @property
    def by_path(self) -> bool:
        """Whether a path unit started the service."""
        return _watches(self.unit)


def starters_of(plan: Plan) -> list[str]:
    """Return the units that may start the task's own: the first one has the calendars."""
    others = (boot_timer_of(plan.timer_unit), path_unit_of(plan.timer_unit))
    named = os.environ.get("TRIGGER_UNIT")
    return [plan.timer_unit, *(o for o in others if o in plan.unit_hashes or o == named)]


def elapse_of(unit: str, starters: Sequence[str], lock_dir: str, *, system: bool) -> Elapse | None:
    """Return which of `starters` started `unit`, which this process is in, and when it elapsed.

    None if none did: by hand, by another unit, or outside the unit. A sandbox that closes
    the manager's socket has the answer noted in `lock_dir` by the command that prepared the run.
    """
    invocation = os.environ.get("INVOCATION_ID", "")
    if not invocation:
        return None
    questions: list[Question] = [
        (unit, "Unit", "InvocationID"),
        (unit, "Unit", "InactiveExitTimestampMonotonic"),
    ]
    for starter in starters:
        questions += _questions(starter)
    found = read_properties(questions, system=system)
    if found is None:
        return _noted(starters, lock_dir, unit, invocation, system=system)
    identity, begun = found[:2]
    if not isinstance(identity, bytes) or identity.hex() != invocation:
        return None
    return _newest(starters, begun, found[2:])


def _watches(starter: str) -> bool:
    return starter.endswith(PATH_ENDING)


def _questions(starter: str) -> list[Question]:
    if _watches(starter):
        return [
            (starter, "Unit", "SubState"),
            (MANAGER, "Manager", "UnitsLoadTimestampMonotonic"),
            (starter, "Unit", "StateChangeTimestampMonotonic"),
            (starter, "Unit", "ActiveEnterTimestampMonotonic"),
        ]
    return [
        (starter, "Unit", "SubState"),
        (starter, "Timer", "LastTriggerUSec"),
        (starter, "Timer", "LastTriggerUSecMonotonic"),
        (starter, "Unit", "ActiveEnterTimestamp"),
    ]


def _newest(starters: Sequence[str], begun: Value, found: list[Value]) -> Elapse | None:
    """Return the last elapse that started a service that began at `begun` (monotonic, in µs).

    Where a timer and a path unit started it together, the timer counts: its fire had its run.
    """
    newest = (False, False, 0)
    elapse: Elapse | None = None
    for place, starter in enumerate(starters):
        state, instant, monotonic, since = found[4 * place : 4 * place + 4]
        if not (isinstance(begun, int) and isinstance(instant, int) and isinstance(monotonic, int)):
            continue
        if _watches(starter):
            one = _start_by_path(starter, begun, state, monotonic, since, reloaded=instant)
        else:
            one = _elapse_of_timer(starter, begun - monotonic, state, instant, since)
        if one is not None and (one.certain, not one.by_path, monotonic) > newest:
            newest = (one.certain, not one.by_path, monotonic)
            elapse = one
    return elapse


def _elapse_of_timer(
    timer: str, before: int, state: Value, instant: int, since: Value
) -> Elapse | None:
    """Return the elapse that came `before` (in µs) the service began, if it started that."""
    certain = state == "running"
    # One that elapsed later found the unit active: that fire is dropped, and not this one.
    if before < 0 or (not certain and before > _START_US):
        return None
    since_us = since if isinstance(since, int) and since > 0 else None
    return Elapse(timer, instant, certain=certain, since_us=since_us)


def _start_by_path(
    path: str, begun: int, state: Value, changed: int, since: Value, *, reloaded: int
) -> Elapse | None:
    """Return the start by a path unit whose state changed at `changed`, if there was one.

    A reload of the manager's (252) has it wait again, without a new instant of the change: one
    that changed just before the service began, and before the reload, started it. One that was
    stopped or restarted after the service began cannot say. It counts if it is the one of the
    trigger variables, so that no guard of unattended runs is passed.
    """
    if changed < begun:
        lead = begun - changed
        if state == "running" or (reloaded > changed and lead <= _PATH_LEAD_US):
            return Elapse(path, None)
        if reloaded > changed and lead <= _START_US:  # or the end of a run changed it: a doubt
            age_us = time.monotonic_ns() // 1000 - changed
            return Elapse(path, time.time_ns() // 1000 - age_us, certain=False)
        return None
    another = state in ("dead", "failed") or (isinstance(since, int) and since > begun)
    return Elapse(path, None) if another and os.environ.get("TRIGGER_UNIT") == path else None


def _noted(
    starters: Sequence[str], lock_dir: str, unit: str, invocation: str, *, system: bool
) -> Elapse | None:
    from docket.runner.call.elapsenote import noted_answer  # noqa: PLC0415  (runs in a strict sandbox)

    noted = noted_answer(lock_dir, unit, invocation)
    if noted is None:
        return _without_manager(starters, system=system)
    if noted[0] is None:
        return None
    starter, at_us, certain, since_us = noted[0]
    return Elapse(starter, at_us, certain=certain, since_us=since_us)


def _without_manager(starters: Sequence[str], *, system: bool) -> Elapse | None:
    """Return what the environment says, as far as the stamp or the clock confirms it.

    The stamp of a persistent timer gets the instant of each elapse. If neither is recent, the
    timer is still named, so that no guard of unattended runs is passed.
    """
    starter = os.environ.get("TRIGGER_UNIT", "")
    if starter not in starters:
        return None
    if _watches(starter):
        return Elapse(starter, None)
    now = time.time_ns() // 1000
    witnesses = (_stamp_us(starter, system=system), _instant())
    recent = [at for at in witnesses if at is not None and now - _TRUSTED_AGE_US <= at <= now]
    return Elapse(starter, max(recent, default=None))


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

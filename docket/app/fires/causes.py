"""Why a fire had no run: the likely cause, from boots, the service manager and what was ordered."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from docket.app.fires.failedstarts import (
    ASSERT_FAILED,
    CONDITION_FAILED,
    FailedStart,
    failed_starts,
)
from docket.app.session.ports import UnitDetail
from docket.app.session.session import Session
from docket.errors import BusError
from docket.model.ends.systemdexits import systemd_name
from docket.model.plan import Plan
from docket.model.record import Record
from docket.store.fires import FireLedger, Override
from docket.systemd import boots
from docket.systemd.boots import BootTime

_EARLY_US = 1_000_000  # systemd tells some instants in whole seconds
_START_US = 2_000_000
_ENABLED = ("enabled", "enabled-runtime", "linked", "static", "generated", "")


class Cause(StrEnum):
    """The words for why a fire was missed; each is the `error_code` of its row."""

    MACHINE_OFF = "machine_off"
    SUSPENDED = "suspended"
    TIMER_MASKED = "timer_masked"
    TIMER_DISABLED = "timer_disabled"
    TIMER_STOPPED = "timer_stopped"
    TIMER_GONE = "timer_gone"
    LINGER_OFF = "linger_off"
    MANAGER_OFF = "manager_off"
    PAUSED = "paused"
    CONDITION_FAILED = CONDITION_FAILED
    ASSERT_FAILED = ASSERT_FAILED
    NOT_STARTED = "not_started"

    @property
    def sentence(self) -> str:
        """The cause in words, to stand after 'Missed: '."""
        return _SENTENCES[self]


_SENTENCES = {
    Cause.MACHINE_OFF: "the machine was off",
    Cause.SUSPENDED: "the machine was suspended",
    Cause.TIMER_MASKED: "the timer was masked",
    Cause.TIMER_DISABLED: "the timer was disabled",
    Cause.TIMER_STOPPED: "the timer was stopped",
    Cause.TIMER_GONE: "systemd did not know the timer",
    Cause.LINGER_OFF: "linger was off and nobody was logged in",
    Cause.MANAGER_OFF: "the user's service manager was not running",
    Cause.PAUSED: "the task was paused",
    Cause.CONDITION_FAILED: "a condition of its unit was not met",
    Cause.ASSERT_FAILED: "an assert of its unit was not met",
    Cause.NOT_STARTED: "nothing says why it did not start",
}


def cause_in_words(cause: str, detail: str = "") -> str:
    """Return a cause of a row, to stand after 'Missed: '; systemd's reason for a unit's."""
    named = systemd_name(cause.removeprefix("unit_")) if cause.startswith("unit_") else None
    if named is not None:
        return f"{named[1]} ({named[0]})"
    return f"{Cause(cause).sentence} ({detail})" if detail else Cause(cause).sentence


class Machine(Record):
    """When the machine was on and awake, as far as anything tells."""

    started_us: int
    earlier: tuple[BootTime, ...] = ()  # what is known of the boots before this one
    sleeps: tuple[BootTime, ...] = ()

    def was_off(self, at_us: int) -> bool:
        """Whether the machine was off: the present boot is younger and no other one covers it."""
        return at_us < self.started_us and not any(span.holds(at_us) for span in self.earlier)

    def slept(self, at_us: int) -> bool:
        """Whether the machine was suspended."""
        return any(span.holds(at_us) for span in self.sleeps)


def this_machine(session: Session, ledger: FireLedger, since_us: int) -> Machine:
    """Return what the journal, wtmp and the runs of the record tell of this machine."""
    started = boots.machine_started_us()
    earlier: list[BootTime] = []
    if since_us < started:
        earlier += boots.journal_boots(session.environ)
        earlier += boots.wtmp_boots()
        earlier += [BootTime(first, last) for _, first, last in ledger.boot_spans(since_us)]
    return Machine(
        started_us=started,
        earlier=tuple(span for span in earlier if span.first_us < started),
        sleeps=tuple(boots.sleeps(session.environ, since_us)),
    )


class Inquiry:
    """Answers why fires of one look were missed; asks the service manager where needed."""

    def __init__(self, session: Session, machine: Machine) -> None:
        self._system = session.paths.system
        self._units = session.units()
        self._machine = machine
        self._environ = session.environ
        self._states: dict[str, UnitDetail] = {}
        self._starts: dict[str, tuple[FailedStart, ...]] = {}
        self._manager_us: int | None = None
        self._linger: bool | None = None
        self.answered = True
        try:
            self._linger = self._units.linger()
            self._manager_us = self._units.started_us()
        except BusError:
            self.answered = False

    def timer(self, plan: Plan) -> UnitDetail | None:
        """Return the state of the plan's timer, None where the manager does not answer."""
        name = plan.timer_unit
        if self.answered and name not in self._states:
            try:
                self._states[name] = self._units.detail(name)
            except BusError:
                return None
        return self._states.get(name)

    def cause(self, plan: Plan, at_us: int, overrides: Sequence[Override]) -> str:
        """Return the likely cause why the fire at `at_us` was missed."""
        if self._machine.was_off(at_us):
            return Cause.MACHINE_OFF
        if self._machine.slept(at_us):
            return Cause.SUSPENDED
        if self._manager_was_off(at_us):
            return Cause.LINGER_OFF if self._linger is False else Cause.MANAGER_OFF
        if any(_holds(override, at_us) for override in overrides):
            return Cause.PAUSED
        found = self._of_timer(self.timer(plan), at_us)
        return self._of_service(plan, at_us) if found is Cause.NOT_STARTED else found

    def detail(self, plan: Plan, cause: str, at_us: int) -> str:
        """Return what systemd says of `cause` beside its name, for the fire at `at_us`."""
        start = self._start_of(plan, at_us)
        return start.detail if start is not None and start.cause == cause else ""

    def _of_service(self, plan: Plan, at_us: int) -> str:
        """Return why the start that the fire asked for came to nothing, where systemd says so."""
        if self.answered and plan.unit not in self._starts:
            self._starts[plan.unit] = failed_starts(
                plan.unit, system=self._system, environ=self._environ
            )
        start = self._start_of(plan, at_us)
        return Cause.NOT_STARTED if start is None else start.cause

    def _start_of(self, plan: Plan, at_us: int) -> FailedStart | None:
        latest = at_us + int(plan.slack_seconds * 1e6) + _START_US
        for start in self._starts.get(plan.unit, ()):
            if at_us - _EARLY_US <= start.at_us <= latest:
                return start
        return None

    def _manager_was_off(self, at_us: int) -> bool:
        if self._system:
            return False
        if not self.answered:
            return True
        return self._manager_us is not None and at_us < self._manager_us

    def _of_timer(self, state: UnitDetail | None, at_us: int) -> Cause:
        if state is None:
            return Cause.NOT_STARTED
        if state.load_state == "masked" or state.unit_file_state.startswith("masked"):
            return Cause.TIMER_MASKED
        if state.load_state == "not-found":
            return Cause.TIMER_GONE
        active = state.active_state == "active"
        if active and (state.active_since_us is None or state.active_since_us <= at_us):
            return Cause.NOT_STARTED
        if not active and state.unit_file_state not in _ENABLED:
            return Cause.TIMER_DISABLED
        return Cause.TIMER_STOPPED


def _holds(override: Override, at_us: int) -> bool:
    if override.kind != "pause" or at_us < override.created_us:
        return False
    return override.until_us is None or at_us < override.until_us

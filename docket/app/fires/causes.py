"""Why a fire had no run: the likely cause, from boots, the service manager, pauses and skips."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.fires.failedstarts import FailedStart, failed_starts
from docket.app.session.ports import UnitDetail
from docket.app.session.session import Session
from docket.errors import BusError
from docket.model.ends.causes import CAUSES
from docket.model.ends.systemdexits import systemd_name
from docket.model.plan import Plan
from docket.model.record import Record
from docket.store.fires import FireLedger, Override
from docket.systemd import boots
from docket.systemd.boots import BootTime

_EARLY_US = 1_000_000  # systemd gives some instants in whole seconds
_START_US = 2_000_000
_ENABLED = ("enabled", "enabled-runtime", "linked", "static", "generated", "")


def cause_in_words(cause: str, detail: str = "") -> str:
    """Return the text that follows 'Missed: ' for a cause; for a unit, systemd's reason."""
    named = systemd_name(cause.removeprefix("unit_")) if cause.startswith("unit_") else None
    if named is not None:
        return f"{named[1]} ({named[0]})"
    missed = CAUSES[cause].missed
    return f"{missed} ({detail})" if detail else missed


class Machine(Record):
    """When the machine was on and awake, as far as it is known."""

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
    """Return what the journal, wtmp and the recorded runs show of this machine."""
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


class CauseFinder:
    """Answers why fires of one look were missed; asks the service manager if needed."""

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
        """Return the state of the plan's timer, None if the manager does not answer."""
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
            return "machine_off"
        if self._machine.slept(at_us):
            return "suspended"
        if self._manager_was_off(at_us):
            return "linger_off" if self._linger is False else "manager_off"
        if any(_holds(override, at_us) for override in overrides):
            return "paused"
        found = self._of_timer(self.timer(plan), at_us)
        return self._of_service(plan, at_us) if found == "not_started" else found

    def detail(self, plan: Plan, cause: str, at_us: int) -> str:
        """Return what systemd says of `cause` beside its name, for the fire at `at_us`."""
        start = self._start_of(plan, at_us)
        return start.detail if start is not None and start.cause == cause else ""

    def _of_service(self, plan: Plan, at_us: int) -> str:
        """Return why the start for the fire failed, if systemd says so."""
        if self.answered and plan.unit not in self._starts:
            self._starts[plan.unit] = failed_starts(
                plan.unit, system=self._system, environ=self._environ
            )
        start = self._start_of(plan, at_us)
        return "not_started" if start is None else start.cause

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

    def _of_timer(self, state: UnitDetail | None, at_us: int) -> str:
        if state is None:
            return "not_started"
        if state.load_state == "masked" or state.unit_file_state.startswith("masked"):
            return "timer_masked"
        if state.load_state == "not-found":
            return "timer_gone"
        active = state.active_state == "active"
        if active and (state.active_since_us is None or state.active_since_us <= at_us):
            return "not_started"
        if not active and state.unit_file_state not in _ENABLED:
            return "timer_disabled"
        return "timer_stopped"


def _holds(override: Override, at_us: int) -> bool:
    if override.kind != "pause" or at_us < override.created_us:
        return False
    return override.until_us is None or at_us < override.until_us

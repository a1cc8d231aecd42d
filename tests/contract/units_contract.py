"""What every UnitManager promises; the same tests run on the fake and on a booted systemd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from docket.app.session.ports import UnitManager
from docket.errors import BusError

SERVICE = "docket-contract.service"
TIMER = "docket-contract.timer"
FAILING = "docket-contract-fails.service"
ABSENT = "docket-contract-absent.timer"

TIMER_TEXT = """[Unit]
Description=Contract

[Timer]
OnCalendar=*-*-* 03:00:00
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""
SERVICE_TEXT = "[Unit]\nDescription=Contract\n\n[Service]\nType=oneshot\nExecStart=/bin/true\n"


class Bench(Protocol):
    """A manager and the hands to lay unit files before it."""

    @property
    def units(self) -> UnitManager:
        """The manager under test."""

    def write(self, name: str, text: str) -> None:
        """Write a unit file where the manager reads it."""

    def remove(self, name: str) -> None:
        """Remove a unit file."""

    def is_linked(self, timer: str) -> bool:
        """Whether timers.target wants `timer`."""

    def has_stamp(self, timer: str) -> bool:
        """Whether the stamp of `timer` is on disk."""


class UnitManagerContract:
    """Subclass it with a fixture `bench` of your own."""

    @pytest.fixture
    def bench(self) -> Bench | Iterator[Bench]:
        raise NotImplementedError

    @pytest.fixture
    def units(self, bench: Bench) -> Iterator[UnitManager]:
        bench.write(SERVICE, SERVICE_TEXT)
        bench.write(TIMER, TIMER_TEXT)
        bench.units.reload()
        yield bench.units
        bench.units.stop([TIMER])
        bench.units.disable([TIMER])
        bench.units.clean_state([TIMER])
        bench.units.reset_failed([FAILING])
        for name in (SERVICE, TIMER, FAILING):
            bench.remove(name)
        bench.units.reload()

    def test_a_unit_without_a_file_is_not_found(self, units: UnitManager) -> None:
        state = units.states([ABSENT])[ABSENT]
        assert (state.load_state, state.active_state) == ("not-found", "inactive")

    def test_a_loaded_timer_that_nobody_started_is_inactive_and_disabled(
        self, units: UnitManager
    ) -> None:
        state = units.states([TIMER])[TIMER]
        assert (state.load_state, state.active_state) == ("loaded", "inactive")
        assert state.unit_file_state == "disabled"
        assert not state.needs_reload

    def test_a_started_timer_is_active_and_knows_its_next_fire(self, units: UnitManager) -> None:
        units.start([TIMER])
        state = units.states([TIMER])[TIMER]
        assert state.active_state == "active"
        assert state.next_elapse_us is not None
        assert state.next_elapse_us > 1_700_000_000_000_000
        assert units.active([TIMER, SERVICE, ABSENT]) == {TIMER}

    def test_a_stopped_timer_is_inactive_and_stopping_it_again_is_not_an_error(
        self, units: UnitManager
    ) -> None:
        units.start([TIMER])
        units.stop([TIMER])
        units.stop([TIMER, ABSENT])
        assert units.active([TIMER]) == frozenset()

    def test_starting_what_has_no_file_is_refused_and_the_rest_is_started(
        self, units: UnitManager
    ) -> None:
        with pytest.raises(BusError, match=ABSENT):
            units.start([ABSENT, TIMER])
        assert units.active([TIMER]) == {TIMER}

    def test_a_service_that_fails_is_reported_and_its_failure_can_be_cleared(
        self, bench: Bench, units: UnitManager
    ) -> None:
        bench.write(FAILING, SERVICE_TEXT.replace("/bin/true", "/bin/false"))
        with pytest.raises(BusError, match=FAILING):
            units.start([FAILING])
        assert units.states([FAILING])[FAILING].active_state == "failed"
        detail = units.detail(FAILING)
        assert (detail.result, detail.exit_status) == ("exit-code", 1)
        assert detail.changed_us is not None
        units.reset_failed([FAILING, ABSENT])
        assert units.states([FAILING])[FAILING].active_state == "inactive"

    def test_enabling_links_and_does_not_start(self, bench: Bench, units: UnitManager) -> None:
        units.enable([TIMER])
        assert bench.is_linked(TIMER)
        assert units.active([TIMER]) == frozenset()
        units.reload()
        assert units.states([TIMER])[TIMER].unit_file_state == "enabled"

    def test_enabling_what_has_no_file_is_refused(self, units: UnitManager) -> None:
        with pytest.raises(BusError, match=ABSENT):
            units.enable([ABSENT])

    def test_disabling_unlinks_and_does_not_stop(self, bench: Bench, units: UnitManager) -> None:
        units.enable([TIMER])
        units.start([TIMER])
        units.disable([TIMER, ABSENT])
        assert not bench.is_linked(TIMER)
        assert units.active([TIMER]) == {TIMER}

    def test_a_persistent_timer_gets_a_stamp_that_can_be_cleaned_when_it_is_stopped(
        self, bench: Bench, units: UnitManager
    ) -> None:
        units.start([TIMER])
        assert bench.has_stamp(TIMER)
        with pytest.raises(BusError):
            units.clean_state([TIMER])
        units.stop([TIMER])
        units.clean_state([TIMER, ABSENT])
        assert not bench.has_stamp(TIMER)

    def test_a_timer_without_a_stamp_is_clean_already_and_the_others_are_cleaned(
        self, bench: Bench, units: UnitManager
    ) -> None:
        units.clean_state([TIMER])
        units.start([TIMER])
        units.stop([TIMER])
        assert bench.has_stamp(TIMER)
        units.clean_state([SERVICE, TIMER])
        assert not bench.has_stamp(TIMER)
        units.clean_state([TIMER])

    def test_a_changed_file_needs_a_reload_until_there_was_one(
        self, bench: Bench, units: UnitManager
    ) -> None:
        units.start([TIMER])
        # systemd compares times of change, which are whole for it only after a while.
        bench.write(TIMER, TIMER_TEXT.replace("03:00", "04:00"))
        assert units.states([TIMER])[TIMER].needs_reload
        units.reload()
        assert not units.states([TIMER])[TIMER].needs_reload

    def test_a_removed_unit_is_not_found_after_a_reload(
        self, bench: Bench, units: UnitManager
    ) -> None:
        bench.remove(TIMER)
        units.reload()
        assert units.states([TIMER])[TIMER].load_state == "not-found"

    def test_the_variables_of_a_service_are_those_of_its_lines(
        self, bench: Bench, units: UnitManager
    ) -> None:
        lines = "Environment=ONE=1\nEnvironment=TWO=2\nEnvironmentFile=-/nowhere/x.env\n"
        bench.write(SERVICE, SERVICE_TEXT + lines)
        units.reload()
        found = units.variables(SERVICE)
        assert found.loaded
        assert found.manager["PATH"]
        assert found.environment == ("ONE=1", "TWO=2")
        assert found.files == ("/nowhere/x.env",)
        absent = units.variables(ABSENT.replace("timer", "service"))
        assert (absent.loaded, absent.manager["PATH"]) == (False, found.manager["PATH"])

    def test_the_version_is_one_that_is_supported(self, units: UnitManager) -> None:
        assert units.version() >= 252

    def test_linger_is_known(self, units: UnitManager) -> None:
        assert units.linger() in (True, False, None)

    def test_without_names_there_is_nothing_to_do(self, units: UnitManager) -> None:
        assert units.active([]) == frozenset()
        assert units.states([]) == {}
        for call in (units.start, units.stop, units.enable, units.disable):
            call([])

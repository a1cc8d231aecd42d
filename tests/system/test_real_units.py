"""The real service managers keep the contract that the fake one keeps."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from docket.errors import BusError
from tests.contract.units_contract import SERVICE_TEXT, TIMER_TEXT, Bench, UnitManagerContract
from tests.system.seat import HostSeat, Seat
from tests.system.unit_agent import LIBRARIES, RemoteUnits


class SeatBench:
    """A seat's manager and its unit files."""

    def __init__(self, seat: Seat, library: str = LIBRARIES[0]) -> None:
        self._seat = seat
        self.agent = RemoteUnits(seat, library)

    @property
    def units(self) -> RemoteUnits:
        return self.agent

    def write(self, name: str, text: str) -> None:
        self._seat.write(f"{self._seat.unit_dir}/{name}", text, mode=0o644)

    def remove(self, name: str) -> None:
        self._seat.run(["rm", "-f", f"{self._seat.unit_dir}/{name}"])

    def is_linked(self, timer: str) -> bool:
        link = f"{self._seat.unit_dir}/timers.target.wants/{timer}"
        return os.path.islink(self._seat.path(link))

    def has_stamp(self, timer: str) -> bool:
        return os.path.exists(self._seat.path(f"{self._seat.stamp_dir}/stamp-{timer}"))


class TestUserManager(UnitManagerContract):
    @pytest.fixture(params=LIBRARIES)
    def bench(self, seat: Seat, request: pytest.FixtureRequest) -> Iterator[Bench]:
        bench = SeatBench(seat, request.param)
        yield bench
        bench.agent.close()


class TestSystemManager(UnitManagerContract):
    @pytest.fixture(params=LIBRARIES)
    def bench(self, root: HostSeat, request: pytest.FixtureRequest) -> Iterator[Bench]:
        bench = SeatBench(root, request.param)
        yield bench
        bench.agent.close()


def test_drop_ins_and_their_changes_are_seen_among_many_units(ada: HostSeat) -> None:
    bench = SeatBench(ada)
    names = ["docket-a.timer", "docket-b.timer"]
    drop_in = f"{ada.unit_dir}/docket-b.timer.d/later.conf"
    try:
        for name in names:
            bench.write(name, TIMER_TEXT)
            bench.write(name.replace(".timer", ".service"), SERVICE_TEXT)
        bench.write("docket-b.timer.d/later.conf", "[Timer]\nAccuracySec=2s\n")
        ada.systemctl("daemon-reload")
        bench.units.start(names)  # they stay loaded
        read = bench.units.states(names)
        assert [read[name].drop_in_paths for name in names] == [(), (drop_in,)]
        assert [read[name].needs_reload for name in names] == [False, False]
        bench.write("docket-b.timer.d/later.conf", "[Timer]\nAccuracySec=3s\n")
        changed = bench.units.states(names)
        assert [changed[name].needs_reload for name in names] == [False, True]
    finally:
        bench.agent.close()


def test_a_mask_is_seen_among_many_units(ada: HostSeat) -> None:
    bench = SeatBench(ada)
    names = ["docket-a.timer", "docket-b.timer"]
    bench.write(names[0], TIMER_TEXT)
    try:
        ada.systemctl("mask", "--runtime", names[1])
        states = bench.units.states(names)
        assert [states[name].load_state for name in names] == ["loaded", "masked"]
        assert [states[name].unit_file_state for name in names] == ["disabled", "masked"]
    finally:
        ada.systemctl("unmask", "--runtime", names[1])
        bench.agent.close()


def test_linger_can_be_seen_and_the_user_can_turn_it_on_if_polkit_lets_them(
    ada: HostSeat,
) -> None:
    os.unlink(ada.path("/var/lib/systemd/linger/ada"))
    units = RemoteUnits(ada)
    try:
        assert units.linger() is False
        if os.path.exists(ada.path("/usr/lib/polkit-1/polkitd")):
            units.set_linger()
            assert units.linger() is True
        else:
            with pytest.raises(BusError, match="Linger"):
                units.set_linger()
    finally:
        ada.host.run(["loginctl", "enable-linger", "ada"])
        units.close()

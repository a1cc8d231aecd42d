"""What the states of many units cost at the bus, and what the unit directories say."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from docket.systemd.bus import Connection
from docket.systemd.unitfiles import UnitFiles
from docket.systemd.unitstates import UnitStates
from tests.unit.runner.manager import PrivateManager

RELOADED_US = 1_900_000_000_000_000  # after every file of these tests
FIRES_US = RELOADED_US + 60_000_000


class CountingBus(Connection):
    """A manager with one unit for each file; `calls` counts what it was asked."""

    def __init__(self, directory: Path, reloaded_us: int = RELOADED_US) -> None:
        self._directory = directory
        self._reloaded_us = reloaded_us
        self.calls: Counter[str] = Counter()

    def manager(self, method: str, signature: str = "", *values: Any) -> Any:
        """Answer ListUnitsByNames."""
        assert (method, signature) == ("ListUnitsByNames", "as")
        self.calls[method] += 1
        return [self._row(name) for name in values[0]]

    def manager_property(self, name: str, signature: str) -> Any:
        """Answer for the manager object."""
        del signature
        self.calls[name] += 1
        return {
            "UnitPath": [str(self._directory)],
            "UnitsLoadTimestamp": self._reloaded_us,
        }[name]

    def property(self, path: str, interface: str, name: str, signature: str) -> Any:
        """Answer for one unit."""
        del path, interface, signature
        self.calls[name] += 1
        return {
            "NextElapseUSecRealtime": FIRES_US,
            "NextElapseUSecMonotonic": 0,
            "LastTriggerUSec": 2**64 - 1,
            "NeedDaemonReload": True,
            "DropInPaths": ["/x.d/a.conf"],
        }[name]

    def _row(self, name: str) -> tuple[Any, ...]:
        there = (self._directory / name).exists()
        words = ("loaded", "active", "waiting") if there else ("not-found", "inactive", "dead")
        return (name, "", *words, "", "/unit/" + name, 0, "", "/")


def _states(bus: Connection, runtime: str = "") -> UnitStates:
    return UnitStates(bus, {"XDG_RUNTIME_DIR": runtime}, system=False)


def _install(directory: Path, count: int) -> list[str]:
    names = [f"docket-t{n}.{kind}" for n in range(count) for kind in ("service", "timer")]
    for name in names:
        (directory / name).touch()
    return names


@pytest.mark.parametrize("count", [1, 50])
def test_services_and_gone_units_cost_no_call_of_their_own(tmp_path: Path, count: int) -> None:
    services = [name for name in _install(tmp_path, count) if name.endswith(".service")]
    gone = [f"docket-gone{n}.timer" for n in range(count)]
    bus = CountingBus(tmp_path)
    found = {state.name: state for state in _states(bus).of([*services, *gone])}
    assert bus.calls == {"UnitPath": 1, "UnitsLoadTimestamp": 1, "ListUnitsByNames": 1}
    assert {found[name].load_state for name in services} == {"loaded"}
    assert {found[name].load_state for name in gone} == {"not-found"}


@pytest.mark.parametrize("count", [1, 50])
def test_over_a_message_bus_an_active_timer_costs_three_calls_and_nothing_else(
    tmp_path: Path, count: int
) -> None:
    names = _install(tmp_path, count)
    bus = CountingBus(tmp_path)
    found = {state.name: state for state in _states(bus).of(names)}
    assert bus.calls.total() == 3 + 3 * count
    assert found["docket-t0.timer"].next_elapse_us == FIRES_US
    assert found["docket-t0.timer"].last_trigger_us is None


@pytest.mark.parametrize("count", [1, 250])  # more questions than are sent at once
def test_over_the_private_socket_no_timer_costs_a_call_of_its_own(
    tmp_path: Path, count: int
) -> None:
    units, runtime = tmp_path / "units", tmp_path / "runtime"
    units.mkdir()
    runtime.mkdir()
    names = _install(units, count)
    bus = CountingBus(units)
    with PrivateManager(runtime) as manager:
        for n in range(count):
            manager.properties[f"docket-t{n}.timer", "NextElapseUSecRealtime"] = FIRES_US + n
            manager.properties[f"docket-t{n}.timer", "LastTriggerUSec"] = 2**64 - 1
        found = {state.name: state for state in _states(bus, str(runtime)).of(names)}
    assert bus.calls == {"UnitPath": 1, "UnitsLoadTimestamp": 1, "ListUnitsByNames": 1}
    last = found[f"docket-t{count - 1}.timer"]
    assert (last.next_elapse_us, last.last_trigger_us) == (FIRES_US + count - 1, None)


def test_only_what_changed_since_the_reload_is_asked_whether_it_needs_one(tmp_path: Path) -> None:
    names = _install(tmp_path, 5)
    us = os.stat(tmp_path).st_mtime_ns // 1000
    for name in names:
        os.utime(tmp_path / name, ns=(0, 0))
    os.utime(tmp_path / "docket-t3.service", ns=(0, (us + 5_000_000) * 1000))
    bus = CountingBus(tmp_path, reloaded_us=us + 1)
    found = {state.name: state for state in _states(bus).of(names)}
    assert bus.calls["NeedDaemonReload"] == 1
    assert [name for name, state in found.items() if state.needs_reload] == ["docket-t3.service"]


@pytest.mark.parametrize(
    "directory", ["docket-a-b.timer.d", "docket-a-.timer.d", "docket-.timer.d", "timer.d"]
)
def test_drop_ins_for_a_unit_its_prefixes_and_its_kind_are_found(
    tmp_path: Path, directory: str
) -> None:
    (tmp_path / directory).mkdir()
    files = UnitFiles([str(tmp_path)])
    assert files.has_drop_ins("docket-a-b.timer")
    assert not files.has_drop_ins("docket-a-b.service")
    assert not files.has_drop_ins("cron.service")


def test_a_link_that_wants_a_unit_enables_it_and_one_to_nowhere_masks_it(tmp_path: Path) -> None:
    for name in ("a.timer", "b.timer"):
        (tmp_path / name).touch()
    (tmp_path / "timers.target.wants").mkdir()
    (tmp_path / "timers.target.wants" / "a.timer").symlink_to(tmp_path / "a.timer")
    (tmp_path / "c.timer").symlink_to("/dev/null")
    files = UnitFiles([str(tmp_path), str(tmp_path / "no-such-directory")])
    words = [files.state(name) for name in ("a.timer", "b.timer", "c.timer", "d.timer")]
    assert words == ["enabled", "disabled", "masked", ""]


def test_a_file_in_an_earlier_directory_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
    (first / "a.timer").symlink_to("/dev/null")
    (second / "a.timer").touch()
    assert UnitFiles([str(first), str(second)]).state("a.timer") == "masked"
    assert UnitFiles([str(second), str(first)]).state("a.timer") == "disabled"

"""The service manager over D-Bus: units of every kind of property, answers, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from docket.errors import BusError
from tests.system.seat import HostSeat, await_that
from tests.system.unit_agent import RemoteUnits

UNIT = "docket-properties.service"
# One of each type that docket/compiler/properties.py makes.
PROPERTIES: list[list[Any]] = [
    ["Description", "s", "Grüße, 10 %"],
    ["Type", "s", "oneshot"],
    ["RemainAfterExit", "b", True],
    ["MemoryMax", "t", 2**40],
    ["TasksMax", "t", 2**64 - 1],
    ["Nice", "i", 5],
    ["MemoryHighScale", "u", 2**31],
    ["After", "as", ["a.service", "b.service"]],
    ["Environment", "as", ["A=1 2", "B="]],
    ["EnvironmentFiles", "a(sb)", [["/nonexistent/ünknown", True]]],
    ["BindReadOnlyPaths", "a(ssbt)", [["/usr", "/usr", True, 16384]]],
    ["SetCredential", "a(say)", [["word", [104, 105]]]],
    ["RestrictAddressFamilies", "(bas)", [True, ["AF_UNIX"]]],
    ["SystemCallFilter", "(bas)", [False, ["@clock", "bpf"]]],
    ["SuccessExitStatus", "(aiai)", [[7, 8], []]],
    ["TemporaryFileSystem", "a(ss)", []],
    ["ExecStartEx", "a(sasas)", [["/bin/true", ["/bin/true", "a b"], ["no-env-expand"]]]],
]
# `SetCredential` is not one of Docket's: only its shape is, and no file has to exist for it.
SHOWN = [name.removesuffix("Scale").removesuffix("Ex") for name, _, _ in PROPERTIES]


@pytest.fixture
def units(ada: HostSeat) -> Iterator[RemoteUnits]:
    found = RemoteUnits(ada)
    yield found
    found.close()


def _shown(seat: HostSeat) -> dict[str, str]:
    lines = seat.systemctl("show", UNIT).stdout.splitlines()
    pairs = (line.partition("=")[::2] for line in lines)
    found = {name: text for name, text in pairs if name in {*SHOWN, "MemoryHigh", "ExecStart"}}
    found["ExecStart"] = found["ExecStart"].partition(" ; start_time=")[0]
    found["After"] = " ".join(sorted(found["After"].split()))
    return found


def test_a_unit_gets_every_type_of_property(ada: HostSeat, units: RemoteUnits) -> None:
    try:
        units.start_transient(UNIT, PROPERTIES)
        shown = _shown(ada)
    finally:
        ada.systemctl("stop", UNIT, check=False)
        ada.systemctl("reset-failed", UNIT, check=False)
    assert shown["Description"] == "Grüße, 10 %"
    assert "a b" in shown["ExecStart"]
    assert (shown["Nice"], shown["MemoryMax"]) == ("5", str(2**40))
    assert shown["TasksMax"] == "infinity"
    assert {"a.service", "b.service"} < set(shown["After"].split())
    assert shown["SystemCallFilter"].startswith("~")
    assert shown["SuccessExitStatus"] == "7 8"


REFUSED: list[tuple[str, list[Any], str]] = [
    ("start", [["docket-absent.service"]], "docket-absent.service: Unit docket-absent.service"),
    ("start", [["no unit's name"]], "is not valid."),
    ("enable", [["docket-absent.timer"]], "docket-absent.timer does not exist."),
    ("main_pid", ["no unit's name"], "is not valid."),
    ("start_transient", ["docket-x.service", [["NoSuchProperty", "s", "x"]]], "NoSuchProperty"),
    (
        "start_transient",
        ["docket-x.service", [["ExecStart", "a(sasb)", []]]],
        "bad unit file setting.",
    ),
    ("start_transient", ["docket-x.service", [["Description", "s", "a\udcff"]]], "Bad message."),
    ("start_transient", ["docket-x.service", [["Nice", "i", 2**40]]], "Bad message."),
]


@pytest.mark.parametrize(("method", "arguments", "said"), REFUSED, ids=lambda one: str(one)[:40])
def test_a_refusal_is_a_sentence(
    units: RemoteUnits, method: str, arguments: list[Any], said: str
) -> None:
    with pytest.raises(BusError) as caught:
        getattr(units, method)(*arguments)
    assert said in caught.value.sentence
    assert caught.value.sentence.endswith(".")
    assert units.version() >= 252  # the connection goes on


def test_a_name_that_is_not_text_is_not_found(units: RemoteUnits) -> None:
    states = units.states(["docket-\udcff.timer", "docket-ü.timer"])
    assert {state.load_state for state in states.values()} == {"not-found"}


def test_over_the_message_bus_units_are_started_and_their_jobs_awaited(
    ada: HostSeat,
) -> None:
    runtime = f"{ada.folder}/only-a-bus"  # without the manager's private socket
    ada.run(["mkdir", "-m", "0700", runtime])
    ada.run(["ln", "-s", "/run/user/4711/bus", runtime])
    units = RemoteUnits(ada, runtime=runtime)
    failing = [*PROPERTIES[1:2], ["ExecStart", "a(sasb)", [["/bin/false", ["/bin/false"], False]]]]
    try:
        assert units.version() >= 252
        units.start(["default.target"])
        with pytest.raises(BusError, match=r"did not start docket-nothing.service: .*not found"):
            units.start(["docket-nothing.service"])
        units.start_transient(UNIT, failing)
        await_that("the unit has failed", lambda: units.detail(UNIT).result == "exit-code" or None)
    finally:
        ada.systemctl("reset-failed", UNIT, check=False)
        units.close()
        ada.run(["rm", "-r", runtime])


def test_a_manager_that_goes_away_is_one_sentence(ada: HostSeat, units: RemoteUnits) -> None:
    assert units.version() >= 252
    ada.host.run(["systemctl", "restart", "user@4711.service"])
    with pytest.raises(BusError) as caught:
        units.version()
    assert caught.value.sentence.endswith(".")

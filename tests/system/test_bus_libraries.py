"""Either D-Bus library does the same: units of every kind of property, answers, refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from docket.errors import BusError
from tests.system.jobs import command, shell
from tests.system.seat import REPOSITORY, Done, HostSeat, await_that
from tests.system.unit_agent import LIBRARIES, RemoteUnits, with_only

UNIT = "docket-library.service"
# One of each type that docket/compiler/properties.py makes; `(bas)` and the lists in both forms.
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


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def units(ada: HostSeat, library: str) -> Iterator[RemoteUnits]:
    found = RemoteUnits(ada, library)
    yield found
    found.close()


def _docket(seat: HostSeat, library: str, *words: str, check: bool = True) -> Done:
    code = (
        with_only(library) + f"sys.path.insert(0, {REPOSITORY!r}); "
        "from docket.__main__ import main; sys.argv[0] = 'docket'; sys.exit(main())"
    )
    return seat.run([sys.executable, "-c", code, *words], check=check)


def _shown(seat: HostSeat) -> dict[str, str]:
    lines = seat.systemctl("show", UNIT).stdout.splitlines()
    pairs = (line.partition("=")[::2] for line in lines)
    found = {name: text for name, text in pairs if name in {*SHOWN, "MemoryHigh", "ExecStart"}}
    found["ExecStart"] = found["ExecStart"].partition(" ; start_time=")[0]
    found["After"] = " ".join(sorted(found["After"].split()))
    return found


def test_a_unit_gets_every_type_of_property_by_either_library(ada: HostSeat) -> None:
    shown = []
    for library in LIBRARIES:
        units = RemoteUnits(ada, library)
        try:
            units.start_transient(UNIT, PROPERTIES)
            shown.append(_shown(ada))
        finally:
            ada.systemctl("stop", UNIT, check=False)
            ada.systemctl("reset-failed", UNIT, check=False)
            units.close()
    assert shown[0] == shown[1]
    assert shown[1]["Description"] == "Grüße, 10 %"
    assert "a b" in shown[1]["ExecStart"]
    assert (shown[1]["Nice"], shown[1]["MemoryMax"]) == ("5", str(2**40))


REFUSED: list[tuple[str, list[Any]]] = [
    ("start", [["docket-absent.service"]]),
    ("start", [["no unit's name"]]),
    ("enable", [["docket-absent.timer"]]),
    ("main_pid", ["no unit's name"]),
    ("start_transient", ["docket-x.service", [["NoSuchProperty", "s", "x"]]]),
    ("start_transient", ["docket-x.service", [["ExecStart", "a(sasb)", []]]]),
    ("start_transient", ["docket-x.service", [["Description", "s", "a\udcff"]]]),
]


@pytest.mark.parametrize(("method", "arguments"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_refusal_is_the_same_sentence_and_hint_by_either_library(
    ada: HostSeat, method: str, arguments: list[Any]
) -> None:
    said = []
    for library in LIBRARIES:
        units = RemoteUnits(ada, library)
        try:
            with pytest.raises(BusError) as caught:
                getattr(units, method)(*arguments)
            said.append((caught.value.sentence, caught.value.hint))
        finally:
            units.close()
    assert said[0] == said[1]


def test_a_name_that_is_not_text_is_not_found(units: RemoteUnits) -> None:
    states = units.states(["docket-\udcff.timer", "docket-ü.timer"])
    assert {state.load_state for state in states.values()} == {"not-found"}


def test_over_the_message_bus_units_are_started_and_their_jobs_awaited(
    ada: HostSeat, library: str
) -> None:
    runtime = f"{ada.folder}/only-a-bus"  # without the manager's private socket
    ada.run(["mkdir", "-m", "0700", runtime])
    ada.run(["ln", "-s", "/run/user/4711/bus", runtime])
    units = RemoteUnits(ada, library, runtime=runtime)
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


def test_runs_in_units_of_their_own_are_started_awaited_and_signalled(
    ada: HostSeat, library: str
) -> None:
    ada.configure(
        {
            "quick": command("/bin/echo", "done", limits={"memory": "64M"}, sandbox="strict"),
            "bad": shell("exit 3", schedule="0 3 * * *"),
        }
    )
    installed = _docket(ada, library, "install", "--now")
    assert installed.returncode == 0, installed.stderr
    receipt = json.loads(_docket(ada, library, "--json", "run", "quick", "--async").stdout)
    waited = _docket(ada, library, "--json", "wait", receipt["run_id"])
    assert json.loads(waited.stdout)["status"] == "succeeded"
    assert _docket(ada, library, "run", "quick").returncode == 0
    assert _docket(ada, library, "run", "bad", check=False).returncode == 1
    assert "in " in _docket(ada, library, "status").stdout
    gone = _docket(ada, library, "uninstall", "--all")
    assert gone.returncode == 0, gone.stderr


def test_without_either_library_doctor_names_the_package_and_the_rest_works(ada: HostSeat) -> None:
    ada.configure({"quick": command("/bin/echo", "done", schedule="0 3 * * *")})
    checks = json.loads(_docket(ada, "neither", "--json", "doctor", check=False).stdout)["checks"]
    (manager,) = [check for check in checks if check["check"] == "service_manager"]
    assert "no library for D-Bus" in manager["detail"]
    assert "jeepney" in manager["hint"]
    refused = json.loads(_docket(ada, "neither", "--json", "install", "--now", check=False).stdout)
    assert "no library for D-Bus" in json.dumps(refused)
    works = (["check"], ["status"], ["list"], ["run", "quick"], ["run", "quick", "--async"])
    for words in (*works, ["runs"], ["next"]):
        done = _docket(ada, "neither", *words)
        assert "Traceback" not in done.stderr


def test_a_property_of_another_service_has_its_plain_value_by_either_library(
    ada: HostSeat, library: str
) -> None:
    """jeepney's variants are pairs, which are true whatever is in them."""
    words = (
        "'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.DBus.Properties',"
        " 'Get', 'ss', 'org.freedesktop.login1.Manager', 'PreparingForShutdown'"
    )
    code = (
        with_only(library) + f"sys.path.insert(0, {REPOSITORY!r}); "
        "from docket.systemd.connect import connect_system_bus; "
        f"print(connect_system_bus().call({words}))"
    )
    assert ada.run([sys.executable, "-c", code]).stdout.strip() in ("False", "0")

"""The gateway to systemd keeps the contract on a really running manager, of a user and of root."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from docket.app.ports import UnitManager
from docket.compiler.quoting import command_line, double_percent
from docket.errors import BusError
from tests.contract.agent import RemoteUnits
from tests.contract.units_contract import Bench, UnitManagerContract
from tests.system.seat import REPOSITORY, HostSeat, Seat
from tests.unit.compiler.test_quoting import AWKWARD

AGENT = (
    f"import sys; sys.path.insert(0, {REPOSITORY!r});"
    "from tests.contract.agent import serve; sys.exit(serve(system={system}))"
)


class SeatBench:
    """The manager of a seat, and unit files laid where it reads them."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.agent = seat.popen([sys.executable, "-c", AGENT.format(system=seat.system)])
        self._units = RemoteUnits(self.agent)

    @property
    def units(self) -> UnitManager:
        return self._units

    def write(self, name: str, text: str) -> None:
        self._seat.write(f"{self._seat.unit_dir}/{name}", text, 0o644)

    def remove(self, name: str) -> None:
        self._seat.run(["rm", "-f", f"{self._seat.unit_dir}/{name}"])

    def is_linked(self, timer: str) -> bool:
        path = self._seat.path(f"{self._seat.unit_dir}/timers.target.wants/{timer}")
        return os.path.islink(path)

    def has_stamp(self, timer: str) -> bool:
        return os.path.exists(self._seat.path(f"{self._seat.stamp_dir}/stamp-{timer}"))


def _bench(seat: Seat) -> Iterator[SeatBench]:
    bench = SeatBench(seat)
    try:
        yield bench
    finally:
        if bench.agent.stdin is not None:
            bench.agent.stdin.close()
        bench.agent.wait(timeout=20)
        if bench.agent.stdout is not None:
            bench.agent.stdout.close()


class TestUsersManager(UnitManagerContract):
    @pytest.fixture
    def bench(self, seat: Seat) -> Iterator[Bench]:
        yield from _bench(seat)


class TestSystemManager(UnitManagerContract):
    @pytest.fixture
    def bench(self, root: HostSeat) -> Iterator[Bench]:
        yield from _bench(root)


@pytest.fixture
def bench(seat: Seat) -> Iterator[SeatBench]:
    """The bench of whoever has a manager."""
    yield from _bench(seat)


def test_quoted_arguments_reach_a_program_as_they_were(bench: SeatBench, seat: Seat) -> None:
    told = f"{seat.folder}/docket-arguments"
    program = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"
    words = [sys.executable, "-I", "-X", "utf8", "-c", program, told, *AWKWARD]
    bench.write(
        "docket-quoting.service",
        f"[Service]\nType=oneshot\nExecStart={command_line(words)}\n",
    )
    bench.units.reload()
    bench.units.start(["docket-quoting.service"])
    assert seat.read(told) == repr(AWKWARD)
    seat.run(["rm", told])
    bench.remove("docket-quoting.service")


def test_a_description_is_shown_as_it_was_written(bench: SeatBench, seat: Seat) -> None:
    text = 'it\'s 100% of "$HOME"; \\n ünïcödé %h # done'
    bench.write(
        "docket-described.service",
        f"[Unit]\nDescription={double_percent(text)}\n[Service]\nExecStart=/bin/true\n",
    )
    bench.units.reload()
    assert seat.shown("docket-described.service", "Description") == text
    bench.remove("docket-described.service")


def test_an_environment_file_with_an_awkward_name_is_read(bench: SeatBench, seat: Seat) -> None:
    folder = f"{seat.folder}/docket env [1] 100%"
    seat.write(f"{folder}/a*b?.env", "GREETING=hello\n")
    seat.configure(
        {
            "reads": {
                "type": "command",
                "command": ["/bin/true"],
                "schedule": "@yearly",
                "env_file": f"{folder}/a*b?.env",
            }
        }
    )
    seat.docket("install")
    unit = seat.unit("reads.service")
    path = f"{seat.unit_dir}/{unit}"
    changed = [
        line if not line.startswith("ExecStart=") else "ExecStart=/bin/sh -c 'env >%h/docket-env'"
        for line in seat.read(path).splitlines()
    ]
    seat.write(path, "\n".join(changed) + "\n", 0o644)
    bench.units.reload()
    bench.units.start([unit])
    home = seat.run(["/bin/sh", "-c", "echo $HOME"]).stdout.strip()
    assert "GREETING=hello\n" in seat.read(f"{home}/docket-env")
    seat.run(["rm", "-r", f"{home}/docket-env", folder])


def test_no_manager_is_told_in_a_sentence_with_what_to_do(host: object, tmp_path: str) -> None:
    from docket.systemd.units import SystemdUnits

    assert host is not None
    units = SystemdUnits({"XDG_RUNTIME_DIR": str(tmp_path)}, system=False)
    with pytest.raises(BusError) as caught:
        units.reload()
    assert caught.value.hint
    assert "\n" not in caught.value.sentence

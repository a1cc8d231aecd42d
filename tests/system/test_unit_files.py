"""What the compiler writes, as a really running manager reads it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from docket.compiler.quoting import command_line, double_percent
from tests.system.jobs import command
from tests.system.seat import HostSeat, Seat
from tests.system.test_real_units import SeatBench
from tests.unit.compiler.test_quoting import AWKWARD


@pytest.fixture
def bench(seat: Seat) -> Iterator[SeatBench]:
    """The manager of the caller."""
    bench = SeatBench(seat)
    yield bench
    bench.agent.close()


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
                "command": ["/usr/bin/env"],
                "schedule": "@yearly",
                "env_file": f"{folder}/a*b?.env",
            }
        }
    )
    seat.docket("install")
    bench.units.start([seat.unit("reads.service")])
    run = seat.await_run("reads", lambda run: run["finished_at"] is not None)
    assert "GREETING=hello\n" in seat.docket("logs", run["run_id"]).stdout
    seat.run(["rm", "-r", folder])


@pytest.mark.parametrize(
    ("who", "missing"), [("ada", ["gone.service", "remote-fs.target"]), ("root", ["gone.service"])]
)
def test_each_manager_says_which_units_it_does_not_have(
    request: pytest.FixtureRequest, who: str, missing: list[str]
) -> None:
    seat: HostSeat = request.getfixturevalue(who)
    unit = {"Unit": {"After": "timers.target remote-fs.target gone.service"}}
    seat.configure({"job": command("true", unit=unit)})
    told = [one["error"] for one in seat.answer("check")["warnings"]]
    assert sorted(text.split(",")[0].split()[-1] for text in told) == missing

"""Environment files mean to Docket what they mean to a really running systemd."""

from __future__ import annotations

import base64

from docket.model.text.envfile import EnvironmentFileError, parse_environment
from tests.envfiles import READ, REFUSED
from tests.system.jobs import seconds_from_now, shell
from tests.system.seat import Seat, await_that
from tests.system.test_real_units import SeatBench

_NAMES = "ABCD"


def test_systemd_reads_each_file_as_docket_does(seat: Seat) -> None:
    bench = SeatBench(seat)
    files = [*(text for text, _ in READ), *REFUSED]
    told = f"{seat.folder}/docket-told"
    for number, data in enumerate(files):
        path = f"{seat.folder}/docket-{number}.env"
        encoded = base64.b64encode(data).decode()
        seat.run(["sh", "-c", f"printf %s '{encoded}' | base64 -d > '{path}'"])
        bench.write(
            f"docket-env-{number}.service",
            f"[Service]\nType=oneshot\nEnvironmentFile=-{path}\n"
            f"ExecStart=/bin/sh -c 'env -0 | base64 -w0 > {told}.{number}'\n",
        )
    bench.units.reload()
    for number, data in enumerate(files):
        bench.units.start([f"docket-env-{number}.service"])
        found = base64.b64decode(seat.read(f"{told}.{number}")).decode().split("\0")
        read = dict(line.partition("=")[::2] for line in found if line[:1] in _NAMES)
        own = {name: text for name, text in read.items() if len(name) == 1}
        assert own == _expected(data), data
        bench.remove(f"docket-env-{number}.service")
    bench.agent.close()


def _expected(data: bytes) -> dict[str, str]:
    try:
        return parse_environment(data)
    except EnvironmentFileError:
        return {}


HOSTILE = {
    "LD_PRELOAD": "/nonexistent/evil.so",
    "PATH": "/nonexistent",
    "PYTHONPATH": "/nonexistent",
    "PYTHONSTARTUP": "/nonexistent/start.py",
    "DOCKET_CONFIG": "/nonexistent/config.yaml",
    "DOCKET_HOME": "/nonexistent",
    "XDG_RUNTIME_DIR": "/nonexistent/run",
    "XDG_CONFIG_HOME": "/nonexistent/config",
    "INVOCATION_ID": "0" * 32,
    "NOTIFY_SOCKET": "/nonexistent/notify",
    "TRIGGER_UNIT": "another.timer",
    "SERVICE_RESULT": "success",
    "TZ": "Asia/Tokyo",
}


def test_what_an_environment_file_holds_is_the_jobs_and_changes_no_runner(seat: Seat) -> None:
    path = f"{seat.folder}/hostile.env"
    seat.write(path, "".join(f"{name}={value}\n" for name, value in HOSTILE.items()))
    due = seconds_from_now(4)
    told = shell("/usr/bin/env -0 >$OUT/job", env_file=path, env={"OUT": seat.folder})
    told["schedule"] = {"at": due.isoformat()}
    held = shell("exec /bin/sleep 300", env_file=path)
    seat.configure({"told": told, "held": held})
    seat.docket("install", "--now")
    run = seat.await_run("told", lambda run: bool(run["finished_at"]))
    assert (run["status"], run["trigger"]) == ("succeeded", "timer"), run["summary"]
    job = _variables(seat.read(f"{seat.folder}/job"))
    docket_own = {"DOCKET_CONFIG"}  # of which Docket itself has the last word
    assert {name: job[name] for name in HOSTILE if name not in docket_own} == {
        name: value for name, value in HOSTILE.items() if name not in docket_own
    }
    runner = _kill_the_runner_of_held(seat)
    assert [name for name, value in HOSTILE.items() if runner.get(name) == value] == []
    ended = seat.await_run("held", lambda run: bool(run["finished_at"]))
    assert ended["status"] == "killed"


def _kill_the_runner_of_held(seat: Seat) -> dict[str, str]:
    """Kill the runner in the middle of its run, and return the environment that it had."""
    seat.systemctl("start", "--no-block", seat.unit("held.service"))
    seat.await_run("held", lambda run: run["status"] == "running")
    pid = await_that("the runner", lambda: int(seat.shown(seat.unit("held.service"), "MainPID")))
    environ = _variables(seat.read(f"/proc/{pid}/environ"))
    seat.run(["kill", "-KILL", str(pid)])
    return environ


def _variables(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.split("\0") if line)

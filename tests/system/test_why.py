"""`docket why` against prepared failures on a real systemd: each has one true cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, Seat

YEARLY = "@yearly"
_SLEEP = "sleep 4712.5"
Prepare = Callable[[HostSeat], None]


def fire(seat: Seat) -> None:
    """Start the service as its timer would, and wait for its end."""
    seat.systemctl("start", seat.unit("job.service"), check=False)


def begin(seat: Seat) -> dict[str, Any]:
    """Start the service and return its running row."""
    seat.systemctl("start", "--no-block", seat.unit("job.service"))
    return seat.await_run("job", lambda run: run["status"] == "running")


def kill_the_runner(seat: HostSeat) -> None:
    begin(seat)
    pid = seat.shown(seat.unit("job.service"), "MainPID")
    seat.run(["/bin/sh", "-c", f"kill -9 {pid}"])
    seat.await_run("job", lambda run: run["status"] != "running")


def stop(seat: HostSeat) -> None:
    begin(seat)
    seat.systemctl("stop", seat.unit("job.service"))


def overlap(seat: HostSeat) -> None:
    seat.run(["/bin/sh", "-c", "docket=$1; $docket run job >/dev/null 2>&1 &", "sh", docket(seat)])
    seat.await_run("job", lambda run: run["status"] == "running")
    fire(seat)
    seat.await_run("job", lambda run: run["status"] == "skipped")


def docket(seat: HostSeat) -> str:
    return f"{DOCKET} --system" if seat.system else DOCKET


def cancel(seat: HostSeat) -> None:
    seat.docket("cancel", begin(seat)["run_id"])
    seat.await_run("job", lambda run: run["status"] == "cancelled")


def cut_the_power(seat: HostSeat) -> None:
    begin(seat)
    seat.host.reboot()


def succeed_twice(seat: HostSeat) -> None:
    fire(seat)
    fire(seat)


def with_drop_in(text: str, unit: str = "job.service") -> Prepare:
    """Add lines to the unit by hand, and start the service.

    Its timer is on: systemd forgets how a service ended that nothing refers to.
    """

    def prepare(seat: HostSeat) -> None:
        seat.docket("enable", "job")
        add_drop_in(seat, unit, text)
        fire(seat)

    return prepare


def add_drop_in(seat: HostSeat, unit: str, text: str) -> None:
    seat.write(f"{seat.unit_dir}/{seat.unit(unit)}.d/by-hand.conf", text, 0o644)
    seat.systemctl("daemon-reload")


def twice_with_a_start_limit(seat: HostSeat) -> None:
    seat.docket("enable", "job")
    add_drop_in(seat, "job.service", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n")
    fire(seat)
    fire(seat)


def mask(unit: str) -> Prepare:
    def prepare(seat: HostSeat) -> None:
        seat.systemctl("stop", seat.unit("job.timer"))
        seat.run(["ln", "-sf", "/dev/null", f"{seat.unit_dir}/{seat.unit(unit)}"])
        seat.systemctl("daemon-reload")

    return prepare


def stop_the_timer(seat: HostSeat) -> None:
    seat.docket("enable", "job")
    seat.systemctl("stop", seat.unit("job.timer"))


def disable_the_timer(seat: HostSeat) -> None:
    seat.docket("enable", "job")
    seat.docket("disable", "job")


def uninstall(seat: HostSeat) -> None:
    seat.docket("uninstall", "job")


def break_the_config(seat: HostSeat) -> None:
    seat.configure({"job": shell("true", schedule=YEARLY, retry=-1)})


def enable(seat: HostSeat) -> None:
    seat.docket("enable", "job")


def enable_and_fire(seat: HostSeat) -> None:
    enable(seat)
    fire(seat)


class Case(NamedTuple):
    """One prepared failure: the task, what is done to it, and the cause that is true."""

    name: str
    task: dict[str, Any]
    prepare: Prepare
    cause: str
    said: str  # is in the sentence or the evidence
    user: str = "ada"


OK = shell("true", schedule=YEARLY)
CASES = (
    Case("exit code", shell("exit 3", schedule=YEARLY), fire, "exit_code", "exit code 3"),
    Case(
        "command not found",
        shell("no-such-command-here", schedule=YEARLY),
        fire,
        "exit_code",
        "does not find",
    ),
    Case("permission", shell("exit 77", schedule=YEARLY), fire, "exit_code", "permission"),
    Case("crash", shell("kill -SEGV $$", schedule=YEARLY), fire, "signal", "SIGSEGV"),
    Case("kill", shell("kill -KILL $$", schedule=YEARLY), fire, "signal", "SIGKILL"),
    Case("timeout", shell(_SLEEP, schedule=YEARLY, timeout="1s"), fire, "timeout", "1 s"),
    Case(
        "attempt timeout",
        shell(_SLEEP, schedule=YEARLY, timeout_seconds=1),
        fire,
        "attempt_timeout",
        "One attempt",
    ),
    Case(
        "silence",
        shell(_SLEEP, schedule=YEARLY, idle_timeout_seconds=1),
        fire,
        "idle_timeout",
        "printed nothing",
    ),
    Case(
        "missing program",
        command("/no/such/program", schedule=YEARLY),
        fire,
        "spawn_failed",
        "/no/such/program",
    ),
    Case(
        "missing directory",
        shell("true", schedule=YEARLY, cwd="/no/such/directory"),
        fire,
        "spawn_failed",
        "/no/such/directory",
    ),
    Case(
        "missing environment file",
        shell("true", schedule=YEARLY, env_file="/no/such/env"),
        fire,
        "env_file_missing",
        "/no/such/env",
    ),
    Case(
        "missing variable",
        shell("true", schedule=YEARLY, required_env=["NOT_SET_AT_ALL"]),
        fire,
        "required_env_missing",
        "NOT_SET_AT_ALL",
    ),
    Case(
        "no JSON",
        shell("echo nonsense", schedule=YEARLY, output_format="json"),
        fire,
        "parse_error",
        "JSON",
    ),
    Case("killed runner", shell(_SLEEP, schedule=YEARLY), kill_the_runner, "runner_killed", "KILL"),
    Case("stopped", shell(_SLEEP, schedule=YEARLY), stop, "stopped", "stopped"),
    Case("overlap", shell("sleep 20", schedule=YEARLY), overlap, "overlap", "still under way"),
    Case("cancelled", shell(_SLEEP, schedule=YEARLY), cancel, "cancelled", "cancelled"),
    Case("power cut", shell(_SLEEP, schedule=YEARLY), cut_the_power, "reboot", "machine"),
    Case(
        "once a day",
        shell("true", schedule=YEARLY, once_per="day"),
        succeed_twice,
        "once_per",
        "succeeded",
    ),
    Case(
        "203/EXEC",
        OK,
        with_drop_in("[Service]\nExecStart=\nExecStart=/no/such/program\n"),
        "unit_exec",
        "203/EXEC",
    ),
    Case(
        "200/CHDIR",
        OK,
        with_drop_in("[Service]\nWorkingDirectory=/no/such/directory\n"),
        "unit_chdir",
        "200/CHDIR",
    ),
    Case(
        "226/NAMESPACE",
        OK,
        with_drop_in("[Service]\nBindReadOnlyPaths=/no/such/path\n"),
        "unit_namespace",
        "226/NAMESPACE",
        "root",
    ),
    Case(
        "243/CREDENTIALS",
        OK,
        with_drop_in("[Service]\nLoadCredential=secret:/no/such/file\n"),
        "unit_credentials",
        "243/CREDENTIALS",
        "root",
    ),
    Case(
        "217/USER",
        OK,
        with_drop_in("[Service]\nUser=no-such-user\n"),
        "unit_user",
        "217/USER",
        "root",
    ),
    Case(
        "216/GROUP",
        OK,
        with_drop_in("[Service]\nGroup=no-such-group\n"),
        "unit_group",
        "216/GROUP",
        "root",
    ),
    Case(
        "209/STDOUT",
        OK,
        with_drop_in("[Service]\nStandardOutput=file:/no/such/directory/out\n"),
        "unit_stdout",
        "209/STDOUT",
    ),
    Case(
        "condition",
        OK,
        with_drop_in("[Unit]\nConditionPathExists=/no/such/file\n"),
        "condition_failed",
        "not met",
    ),
    Case(
        "assertion",
        OK,
        with_drop_in("[Unit]\nAssertPathExists=/no/such/file\n"),
        "assert_failed",
        "not met",
    ),
    Case("start limit", OK, twice_with_a_start_limit, "unit_start_limit_hit", "start-limit-hit"),
    Case("broken unit", OK, with_drop_in("[Service]\nExecStart=\n"), "service_broken", "drop-in"),
    Case("masked service", OK, mask("job.service"), "service_masked", "masked"),
    Case("masked timer", OK, mask("job.timer"), "timer_masked", "masked"),
    Case("stopped timer", OK, stop_the_timer, "timer_stopped", "stopped"),
    Case("disabled timer", OK, disable_the_timer, "timer_disabled", "disabled"),
    Case("no timer", OK, uninstall, "timer_gone", "not installed"),
    Case("broken config", OK, break_the_config, "config_broken", "retry"),
    Case("not yet", OK, enable, "not_due_yet", "fires next"),
    Case("no fault", OK, enable_and_fire, "succeeded", "succeeded"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_why_gives_the_true_cause(case: Case, request: pytest.FixtureRequest) -> None:
    seat: HostSeat = request.getfixturevalue(case.user)
    seat.configure({"job": case.task})
    seat.docket("install")
    case.prepare(seat)
    answer = seat.answer("why", "job")
    assert answer["cause"] == case.cause, answer
    told = " ".join([answer["sentence"], *answer["evidence"]])
    assert case.said in told
    assert answer["next_step"]
    shown = seat.docket("why", "job").stdout
    assert answer["sentence"] in shown


def test_the_hand_that_broke_it_is_named_among_the_changes(ada: HostSeat) -> None:
    ada.configure({"job": OK})
    ada.docket("install")
    fire(ada)
    assert ada.runs("job")[0]["status"] == "succeeded"
    add_drop_in(ada, "job.service", "[Service]\nExecStart=\nExecStart=/no/such/program\n")
    fire(ada)
    answer = ada.answer("why", "job")
    assert answer["cause"] == "unit_exec"
    assert any("by-hand.conf" in change for change in answer["changes"])
    assert answer["last_success"] == ada.runs("job")[0]["run_id"]

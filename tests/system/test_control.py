"""Waiting for runs, following and cancelling them, in the units of a real systemd."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.system.host import HostError
from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, Seat

_SLEEP = "sleep 4713.25"  # a number that marks the processes of these tests
_STUBBORN = f"trap '' TERM; setsid {_SLEEP} & setsid -f {_SLEEP}; {_SLEEP} & wait; {_SLEEP}"


def start(seat: Seat, task: str) -> dict[str, Any]:
    """Start the service of a task as its timer would, and return its running row."""
    seat.systemctl("start", "--no-block", seat.unit(f"{task}.service"))
    return seat.await_run(task, lambda run: run["status"] == "running")


def await_processes(seat: Seat, count: int) -> None:
    """Wait until so many processes of these tests run."""
    deadline = time.monotonic() + 60
    while seat.count(_SLEEP) < count:
        if time.monotonic() > deadline:
            raise HostError(f"{seat.count(_SLEEP)} processes instead of {count}")
        time.sleep(0.05)


def test_nothing_of_a_stubborn_run_in_a_unit_is_alive_after_the_grace(seat: Seat) -> None:
    said = f"{seat.folder}/control-hook"
    hook = f"echo $DOCKET_STATUS >> {said}"
    seat.configure({"stubborn": shell(_STUBBORN, schedule="@yearly", grace="1s", on_complete=hook)})
    seat.docket("install")
    run = start(seat, "stubborn")
    await_processes(seat, 3)
    begun = time.monotonic()
    found = seat.answer("cancel", run["run_id"])
    assert time.monotonic() - begun < 10
    assert seat.count(_SLEEP) == 0
    assert (found["status"], found["cancelled"]) == ("cancelled", True)
    assert found["termination"]["method"] == "unit"
    assert found["termination"]["unit"] == seat.unit("stubborn.service")
    assert seat.read(said) == "cancelled\n"
    seat.run(["rm", said])


def test_cancelling_an_old_run_leaves_the_new_one_of_the_same_unit_alone(seat: Seat) -> None:
    seat.configure({"long": shell(_SLEEP, schedule="@yearly", grace="1s")})
    seat.docket("install")
    first = start(seat, "long")
    assert seat.answer("cancel", first["run_id"])["cancelled"]
    second = start(seat, "long")
    assert second["run_id"] != first["run_id"]
    assert seat.answer("cancel", first["run_id"])["termination"] is None
    assert seat.answer("status", "--run-id", second["run_id"])["status"] == "running"
    assert seat.answer("cancel", second["run_id"])["cancelled"]


def test_a_run_in_the_background_is_followed_waited_for_and_cancelled(seat: Seat) -> None:
    seat.configure(
        {
            "brief": shell("echo one; sleep 1; echo two"),
            "long": shell(f"echo begun; {_SLEEP}", grace="1s"),
        }
    )
    brief = seat.answer("run", "brief", "--async")["run_id"]
    assert seat.docket("logs", brief, "--follow").stdout == "one\ntwo\n"
    assert seat.answer("wait", brief)["status"] == "succeeded"
    long = seat.answer("run", "long", "--async")["run_id"]
    await_processes(seat, 1)
    late = seat.answer("wait", long, "--timeout", "0.2", check=False)
    assert late["status"] == "wait_timeout"
    waiter = seat.popen([DOCKET, *(["--system"] if seat.system else []), "wait", long, "--json"])
    time.sleep(0.5)
    assert waiter.poll() is None
    found = seat.answer("cancel", long)
    assert (found["status"], found["termination"]["method"]) == ("cancelled", "unit")
    told, _ = waiter.communicate(timeout=20)
    assert (json.loads(told)["status"], waiter.returncode) == ("cancelled", 130)
    assert seat.count(_SLEEP) == 0


def test_a_run_that_waits_for_its_next_attempt_is_cancelled(seat: Seat) -> None:
    failing = command("false", retry=3, backoff_base=60)
    seat.configure({"again": failing})
    run_id = seat.answer("run", "again", "--async")["run_id"]
    deadline = time.monotonic() + 60
    while not seat.answer("status", "--run-id", run_id)["attempts"]:
        assert time.monotonic() < deadline
    found = seat.answer("cancel", run_id)
    assert (found["status"], found["exit_code"]) == ("cancelled", 130)


def test_a_run_is_cancelled_the_moment_it_is_asked_for(seat: Seat) -> None:
    seat.configure({"long": shell(_SLEEP, grace="1s")})
    for _ in range(5):
        run_id = seat.answer("run", "long", "--async", "--force")["run_id"]
        found = seat.answer("cancel", run_id)
        assert found["status"] == "cancelled", found
    assert seat.count(_SLEEP) == 0

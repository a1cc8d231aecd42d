"""An agent's session where a real systemd runs: tasks that need a unit get one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import TREE
from tests.mcp.client import Answered, Session, words
from tests.system.jobs import command, shell
from tests.system.seat import Seat, await_that

pytestmark = pytest.mark.skipif(TREE != "/", reason=".venv-mcp is of this machine's own Python")

Connect = Callable[[], Session]


@pytest.fixture
def connect(seat: Seat) -> Iterator[Connect]:
    opened: list[Session] = []

    def open_session() -> Session:
        opened.append(Session(seat.popen(words())))
        return opened[-1]

    yield open_session
    for session in opened:
        session.die()


def test_a_task_with_limits_runs_in_a_unit_and_blocks_nobody(seat: Seat, connect: Connect) -> None:
    gate = f"{seat.folder}/gate"
    seat.configure(
        {
            "tight": shell(
                f"until [ -e {gate} ]; do sleep 0.1; done; echo done", limits={"memory": "64M"}
            ),
            "plain": command("echo", "hi"),
        }
    )
    session = connect()
    number = session.start("docket_run_task", task_name="tight", progress=True)
    told = session.progress[number]
    await_that("a message of its run", lambda: any(each["message"] for each in told))
    assert not session.call("docket_list_tasks").failed  # answered while the run goes on
    seat.run(["touch", gate])
    run = session.answer(number)
    assert isinstance(run, Answered)
    assert (run.failed, run.document["details"]["stdout"]) == (False, "done\n")
    run_id = run.document["run_id"]
    assert any(run_id in (each["message"] or "") for each in told)
    standing = session.call("docket_task_status", run_id=run_id).document
    assert standing["unit"] == seat.unit(f"tight-{run_id}.service")
    assert standing["trigger"] == "agent"
    assert session.call("docket_run_task", task_name="plain").document["ok"]


def test_a_run_in_a_unit_ends_when_it_is_taken_back_and_outlives_the_client(
    seat: Seat, connect: Connect
) -> None:
    seat.configure({"tight": shell("sleep 600", limits={"memory": "64M"}, grace="1s")})
    first = connect()
    number = first.start("docket_run_task", task_name="tight", progress=True)
    await_that("the run", lambda: first.progress[number])
    first.take_back(number)

    def statuses() -> list[str]:
        runs = second.call("docket_task_runs", task_name="tight").document["result"]
        return [run["status"] for run in runs]

    second = connect()
    await_that("the cancel", lambda: statuses() == ["cancelled"])
    receipt = first.call("docket_run_task_async", task_name="tight").document
    assert receipt["launcher"] == "systemd"
    first.die()
    await_that("the run", lambda: statuses() == ["running", "cancelled"])
    ended = second.call("docket_cancel_run", run_id=receipt["run_id"]).document
    assert (ended["status"], ended["termination"]["method"]) == ("cancelled", "unit")


def test_the_gate_reaches_into_the_unit(seat: Seat, connect: Connect) -> None:
    """A config that changes between the question and the run is caught by the unit's own runner."""
    seat.configure(
        {
            "front": command("true", depends_on=["wait", "wipe"], limits={"memory": "64M"}),
            "wait": shell("sleep 2"),
            "wipe": shell("touch ~/wiped"),
        }
    )
    session = connect()
    number = session.start("docket_run_task", task_name="front")
    await_that("the run", lambda: session.call("docket_task_runs").document["result"])
    seat.configure(
        {
            "front": command("true", depends_on=["wait", "wipe"], limits={"memory": "64M"}),
            "wait": shell("sleep 2"),
            "wipe": shell("touch ~/wiped", destructive=True, unattended="allow"),
        }
    )
    refused = session.answer(number)
    assert isinstance(refused, Answered)
    assert refused.document["error_code"] == "task.destructive_refused"
    (wiped,) = session.call("docket_task_runs", task_name="wipe").document["result"]
    assert (wiped["status"], wiped["error_code"]) == ("skipped", "destructive_refused")

"""Groups of tasks, on real `docket exec` processes and real locks."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import Home, wait_until


def gated(home: Home, task: str, **more: Any) -> Path:
    gate = home.gate(f"gate-{task}")
    script = f"while ! test -e {gate}; do sleep 0.02; done"
    home.plan(task, "/bin/sh", "-c", script, **{"group": "disk", "group_slots": 1, **more})
    return gate


def status_of(home: Home, task: str) -> list[RunStatus]:
    return [run.status for run in home.ask(lambda reader: reader.runs(task))]


def test_a_run_waits_as_pending_for_a_slot_and_then_runs(home: Home) -> None:
    gate = gated(home, "one")
    home.plan("two", "/bin/true", group="disk", group_slots=1)
    first = home.start("one")
    wait_until(lambda: status_of(home, "one") == [RunStatus.RUNNING])
    second = home.start("two")
    wait_until(lambda: status_of(home, "two") == [RunStatus.PENDING])
    (waiter,) = home.ask(lambda reader: reader.runs("two"))
    (holder,) = home.ask(lambda reader: reader.runs("one"))
    assert waiter.details["waits_for"] == "a slot of group disk"
    assert waiter.blocked_by == holder.run_id
    gate.touch()
    assert [p.wait(60) for p in (first, second)] == [0, 0]
    (done,) = home.ask(lambda reader: reader.runs("two"))
    assert done.details["waited_for"] == "a slot of group disk"
    assert done.details["waited_seconds"] > 0
    for process in (first, second):
        process.communicate()


def test_no_more_than_max_concurrent_run_at_a_time(home: Home) -> None:
    marks = home.path / "marks"
    marks.mkdir()
    both = home.path / "both"
    script = (
        f"touch {marks}/$$; until [ -e {both} ]; do sleep 0.02; "
        f"[ $(ls {marks} | wc -l) -lt 2 ] || touch {both}; done; "
        f"sleep 0.1; ls {marks} | wc -l; rm {marks}/$$"
    )
    for n in range(6):
        home.plan(f"job{n}", "/bin/sh", "-c", script, group="disk", group_slots=2)
    runs = [home.start(f"job{n}") for n in range(6)]
    counts = [int(run.communicate(timeout=40)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0] * 6
    assert max(counts) == 2


def test_a_slot_comes_free_when_its_run_is_killed(home: Home) -> None:
    gated(home, "one")
    home.plan("two", "/bin/true", group="disk", group_slots=1)
    first = home.start("one")
    wait_until(lambda: status_of(home, "one") == [RunStatus.RUNNING])
    second = home.start("two")
    wait_until(lambda: status_of(home, "two") == [RunStatus.PENDING])
    first.send_signal(signal.SIGKILL)
    assert second.wait(30) == 0
    for process in (first, second):
        process.communicate()


def test_a_run_that_waits_for_a_slot_can_be_stopped_and_has_a_deadline(home: Home) -> None:
    gate = gated(home, "one")
    first = home.start("one")
    wait_until(lambda: status_of(home, "one") == [RunStatus.RUNNING])
    home.plan("two", "/bin/true", group="disk", group_slots=1, timeout_seconds=0.3)
    late = home.result("two")
    assert (late["status"], late["error_code"]) == ("timed_out", "timeout")
    assert "a slot of group disk" in late["summary"]
    home.plan("three", "/bin/true", group="disk", group_slots=1)
    third = home.start("three")
    wait_until(lambda: status_of(home, "three") == [RunStatus.PENDING])
    third.terminate()
    assert third.wait(60) == 1
    assert status_of(home, "three") == [RunStatus.INTERRUPTED]
    gate.touch()
    assert first.wait(60) == 0
    for process in (first, third):
        process.communicate()


def test_force_needs_no_slot(home: Home) -> None:
    gate = gated(home, "one")
    first = home.start("one")
    wait_until(lambda: status_of(home, "one") == [RunStatus.RUNNING])
    home.plan("two", "/bin/true", group="disk", group_slots=1)
    assert home.run("two", "--force").returncode == 0
    gate.touch()
    first.communicate(timeout=10)
    assert first.returncode == 0

"""What a Python task reports, in a unit of a real systemd: its status, and the bar of a `run`."""

from __future__ import annotations

import re

from tests.system.seat import DOCKET, Seat, await_that

WORK = """
import time
from docket.task import BaseTask, TaskResult

class Work(BaseTask):
    name = "work"
    def run(self, config):
        for n in range(1, 5):
            print("line", n, flush=True)
            self.progress(n / 4, f"step {n}")
            self.event("stepped", n=n)
            time.sleep(0.7)
        return TaskResult(True, "Worked")
"""


def put_work(seat: Seat) -> None:
    """Write the task and a config that makes it need a unit."""
    seat.configure({"work": {"limits": {"memory": "200M"}}})
    folder = "/etc/docket" if seat.system else seat.home
    seat.write(f"{folder}/tasks/work.py", WORK)
    seat.run(["chmod", "0700", f"{folder}/tasks"])


def test_systemctl_status_says_how_far_a_task_is(seat: Seat) -> None:
    put_work(seat)
    unit = seat.answer("run", "work", "--async")["unit"]
    told = await_that(
        "the progress in systemd's status", lambda: _about_steps(seat.shown(unit, "StatusText"))
    )
    assert re.fullmatch(r"attempt 1 of 1, run \S+: (25|50|75|100)% step \d", told)
    run = seat.await_run("work", lambda run: run["finished_at"] is not None)
    assert run["status"] == "succeeded"
    kinds = [event["event_type"] for event in seat.answer("events", run["run_id"])]
    assert kinds.count("stepped") == 4


def test_a_run_in_a_unit_has_its_bar_on_the_callers_terminal(seat: Seat) -> None:
    put_work(seat)
    options = "--system " if seat.system else ""
    line = f"{DOCKET} {options}run work"
    done = seat.run(
        ["script", "--quiet", "--return", "--command", line, "/dev/null"],
        environ={"TERM": "xterm", "LANG": "C.UTF-8"},
    )
    assert re.search(r"% step \d", done.stdout)
    # A carriage return has become a newline on its way here.
    lines = done.stdout.replace("\n\x1b[K", "\r\x1b[K").split("\n")
    last = [line.rpartition("\r\x1b[K")[2] for line in lines]
    assert last[:4] == ["line 1", "line 2", "line 3", "line 4"]
    assert "step" not in "".join(last)
    (run,) = seat.runs("work")
    assert (run["status"], run["unit"].startswith("docket-work-")) == ("succeeded", True)


def _about_steps(status: str) -> str:
    return status if "step" in status else ""

"""Tasks that have to succeed first, as real runs of the real `docket exec`."""

from __future__ import annotations

import signal
from typing import Any

from docket.model.states import RunStatus
from tests.unit.notify.telling import channel
from tests.unit.runner.runner_home import Home, wait_until


def noting(home: Home, task: str, *names: str, then: str = "true", **more: Any) -> None:
    """Plan a task that writes its name to a file, and depends on `names`."""
    script = f"echo {task} >> {home.path}/order; {then}"
    home.plan(task, "/bin/sh", "-c", script, depends_on=list(names), **more)


def order(home: Home) -> list[str]:
    path = home.path / "order"
    return path.read_text().split() if path.exists() else []


def last(home: Home, task: str) -> Any:
    return home.ask(lambda reader: reader.runs(task))[0]


def test_dependencies_run_first_and_a_diamond_only_once(home: Home) -> None:
    noting(home, "base")
    noting(home, "left", "base")
    noting(home, "right", "base")
    noting(home, "top", "left", "right", "base")
    result = home.result("top")
    assert result["status"] == "succeeded"
    assert order(home) == ["base", "left", "right", "top"]
    assert [d["task"] for d in result["details"]["dependencies"]] == ["base", "left", "right"]
    top, left, base = last(home, "top"), last(home, "left"), last(home, "base")
    assert (left.parent_run_id, base.parent_run_id) == (top.run_id, left.run_id)
    assert (left.trigger, top.trigger, top.blocked_by) == ("dependency", "manual", None)
    assert top.details["waited_for"] == "its dependency right"
    assert not list((home.lock_dir / "runs").iterdir())


def test_a_dependency_that_fails_fails_the_task_with_the_reason(home: Home) -> None:
    noting(home, "base", then="exit 3")
    noting(home, "left", "base")
    noting(home, "never")
    noting(home, "top", "left", "never")
    result = home.result("top")
    assert (result["returncode"], result["status"]) == (1, "failed")
    assert result["error_code"] == "dependency"
    assert result["blocked_by"] == last(home, "left").run_id
    assert result["summary"].startswith("Not run: its dependency left ended as failed")
    assert last(home, "left").blocked_by == last(home, "base").run_id
    assert "its dependency base ended as failed" in last(home, "left").summary
    assert order(home) == ["base"]


def test_hooks_and_notifications_hear_of_a_dependency_that_failed(home: Home) -> None:
    noting(home, "base", then="exit 9")
    hooks = [("on_failure", 'echo "$DOCKET_ERROR_CODE $DOCKET_SUMMARY"'), ("on_success", "true")]
    notify = {"channels": [channel("webhook", url="http://127.0.0.1:9/")], "timeout_seconds": 1.0}
    noting(home, "top", "base", hooks=hooks, notify=notify)
    result = home.result("top")
    assert result["returncode"] == 1
    said, told = result["hooks"]
    assert said["stdout"].startswith("dependency Not run: its dependency base ended as failed")
    assert told["command"] == "notify:webhook"
    assert home.ask(lambda reader: reader.consecutive_failures("top")) == 1


def test_a_dependency_that_says_skip_by_its_exit_code_skips_the_task(home: Home) -> None:
    noting(home, "base", then="exit 3", exit_codes={"3": "skip"})
    noting(home, "top", "base")
    result = home.result("top")
    assert (result["returncode"], result["status"]) == (75, "skipped")
    assert result["error_code"] == "dependency"


def test_a_dependency_that_has_no_plan_fails_the_task(home: Home) -> None:
    noting(home, "top", "nowhere")
    result = home.result("top")
    assert (result["status"], result["error_code"]) == ("failed", "dependency")
    assert "its dependency nowhere failed: " in result["summary"]
    assert order(home) == []


def test_a_dependency_that_has_been_served_counts_as_a_success(home: Home) -> None:
    noting(home, "base", once_per="year")
    noting(home, "top", "base")
    assert home.run("base").returncode == 0
    assert home.result("top")["status"] == "succeeded"
    assert last(home, "base").error_code == "once_per"
    assert order(home) == ["base", "top"]


def test_a_task_that_is_skipped_anyway_runs_no_dependency(home: Home) -> None:
    noting(home, "base")
    noting(home, "top", "base", once_per="year")
    assert home.result("top")["status"] == "succeeded"
    assert home.result("top")["error_code"] == "once_per"
    assert order(home) == ["base", "top"]


def test_a_dependency_waits_for_a_run_of_itself_that_is_going(home: Home) -> None:
    gate = home.gate()
    noting(home, "base", then=f"while ! test -e {gate}; do sleep 0.02; done")
    noting(home, "top", "base")
    first = home.start("base")
    wait_until(lambda: order(home) == ["base"])
    second = home.start("top")
    wait_until(lambda: last(home, "base").status is RunStatus.PENDING)
    assert last(home, "top").status is RunStatus.PENDING
    assert last(home, "top").blocked_by == last(home, "base").run_id
    gate.touch()
    for process in (first, second):
        process.communicate(timeout=30)
    assert [first.returncode, second.returncode] == [0, 0]
    assert order(home) == ["base", "base", "top"]


def test_a_destructive_dependency_needs_leave(home: Home) -> None:
    noting(home, "base", denied_to={"unattended": "is destructive"})
    noting(home, "top", "base")
    assert home.result("top")["error_code"] == "dependency"
    assert last(home, "base").error_code == "unattended"
    noting(home, "base")
    assert home.result("top")["status"] == "succeeded"


def test_a_dependency_that_needs_a_unit_is_refused(home: Home) -> None:
    noting(home, "base", needs_systemd=True)
    noting(home, "top", "base")
    assert home.result("top")["error_code"] == "dependency"
    assert last(home, "base").error_code == "needs_systemd"
    assert order(home) == []


def test_a_stop_ends_the_dependency_too(home: Home) -> None:
    noting(home, "base", then="exec sleep 60")
    noting(home, "top", "base")
    for number, code, status in (
        (signal.SIGTERM, 1, RunStatus.INTERRUPTED),
        (signal.SIGINT, 130, RunStatus.CANCELLED),
    ):
        run = home.start("top")
        wait_until(lambda: home.ask(lambda r: r.running("base")) and order(home)[-1:] == ["base"])
        run.send_signal(number)
        run.communicate(timeout=20)
        assert run.returncode == code
        assert (last(home, "top").status, last(home, "base").status) == (status, status)
        (home.path / "order").unlink()


def test_the_time_of_the_dependencies_is_the_time_of_the_run(home: Home) -> None:
    noting(home, "base", then="exec sleep 60")
    noting(home, "top", "base", timeout_seconds=1.0)
    result = home.result("top")
    assert (result["status"], result["error_code"]) == ("timed_out", "timeout")
    assert last(home, "base").status is RunStatus.INTERRUPTED
    assert result["duration_seconds"] < 10


def test_plans_that_lead_in_a_circle_end(home: Home) -> None:
    noting(home, "one", "two")
    noting(home, "two", "one")
    assert home.result("one")["status"] == "succeeded"
    assert order(home) == ["two", "one"]


def test_force_runs_only_the_task_itself(home: Home) -> None:
    noting(home, "base")
    noting(home, "top", "base")
    assert home.run("top", "--force").returncode == 0
    assert order(home) == ["top"]


def test_a_dependency_gets_no_variables_of_the_unit_that_started_it(home: Home) -> None:
    script = f"env > {home.path}/environment"
    home.plan("base", "/bin/sh", "-c", script)
    noting(home, "top", "base")
    environ = {"INVOCATION_ID": "d" * 32, "CREDENTIALS_DIRECTORY": "/secret", "MINE": "yes"}
    home.run("top", environ=environ)
    seen = (home.path / "environment").read_text()
    assert "MINE=yes" in seen
    assert "INVOCATION_ID" not in seen
    assert "CREDENTIALS" not in seen
    assert "DOCKET_TRIGGER=dependency" in seen


def test_locks_that_cannot_be_made_leave_no_dependency_out(home: Home) -> None:
    noting(home, "base")
    noting(home, "top", "base", group="disk", group_slots=1)
    home.lock_dir.mkdir(mode=0o700)
    for name in ("runs", "tasks", "groups"):
        (home.lock_dir / name).write_text("no directory")
    result = home.result("top")
    assert (result["status"], result["error_code"]) == ("failed", "dependency")
    assert "cannot be started" in result["summary"]
    assert order(home) == []

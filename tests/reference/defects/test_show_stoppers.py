"""What does not work at all in docket-cli 0.2.2 on a fresh install; each defect has its number."""

from __future__ import annotations

import subprocess

import pytest

from tests.reference.defects.program import Program

DROP_IN = """
from docket.task import BaseTask, TaskResult

class Fetch(BaseTask):
    name = "fetch"
    description = "Fetches"

    def run(self, config):
        return TaskResult(ok=True, summary="fetched", details={"records": 12})
"""


@pytest.mark.parametrize(
    "words", ["list", "capabilities", "describe fetch", "run fetch", "health", "status", "check"]
)
def test_w1_a_drop_in_task_breaks_no_command(docket: Program, words: str) -> None:
    docket.file(".docket/tasks/fetch.py", DROP_IN)
    answer = docket.say(*words.split(), "--json")
    assert answer.exit_code == 0
    assert answer.document or words == "status"


def test_w2_mcp_without_its_library_says_what_to_install(docket: Program) -> None:
    answer = docket.say("mcp", "--json")
    assert answer.exit_code == 1
    assert answer.document["error_code"] == "tool.extra_missing"
    assert "pip install 'mcp>=2,<3'" in answer.document["hint"]


def test_w3_an_unquoted_on_is_the_key_on(docket: Program) -> None:
    docket.config(
        "tasks:\n  job:\n    type: command\n    command: 'true'\n    notify:\n"
        "      on: complete\n      webhook: {url: 'http://127.0.0.1:9/'}\n"
    )
    found = docket.ask("describe", "job")["config"]["notify"]
    assert "true" not in found
    hooks = docket.ask("run", "job")["hooks"]
    assert [hook["command"] for hook in hooks] == ["notify:webhook"]


def test_w3_a_wrong_word_under_on_is_refused(docket: Program) -> None:
    docket.task("command: 'true', notify: {on: bogus, webhook: {url: 'http://127.0.0.1:9/'}}")
    answer = docket.say("check", "--json")
    assert answer.exit_code == 1
    assert "notify.on" in answer.out


def test_w4_a_timeout_after_output_is_a_recorded_timeout(docket: Program) -> None:
    docket.task('command: [sh, -c, "echo out; sleep 30"], timeout_seconds: 0.5')
    found = docket.ask("run", "job")
    assert (found["status"], found["details"]["timed_out"]) == ("timed_out", True)
    assert found["details"]["stdout"] == "out\n"
    assert docket.ask("runs")[0]["status"] == "timed_out"


def test_w4_a_run_in_the_background_that_times_out_is_over(docket: Program) -> None:
    docket.task('command: [sh, -c, "echo out; sleep 30"], timeout_seconds: 0.5')
    run_id = docket.in_background()
    assert docket.say("wait", run_id, "--timeout", "20").exit_code == 1
    assert docket.run_of(run_id)["status"] == "timed_out"


def test_w5_a_silent_child_with_jsonl_times_out_in_time(docket: Program) -> None:
    docket.task(
        "command: [sh, -c, \"echo '{}'; sleep 300\"], output_format: jsonl, timeout_seconds: 1"
    )
    found = docket.ask("run", "job")
    assert found["status"] == "timed_out"
    assert found["duration_seconds"] < 60


def test_w6_a_task_runs_as_often_as_it_is_asked_to(docket: Program) -> None:
    docket.task("command: [echo, x]")
    found = [docket.ask("run", "job")["status"] for _ in range(4)]
    assert found == ["succeeded"] * 4
    assert len(docket.ask("runs")) == 4


def test_w7_short_runs_in_the_background_are_never_left_running(docket: Program) -> None:
    names = [f"job{number}" for number in range(12)]
    tasks = "".join(f"  {name}: {{type: command, command: [echo, x]}}\n" for name in names)
    docket.config("tasks:\n" + tasks)
    started = [docket.start("run", name, "--async", "--json") for name in names]
    assert [process.wait(60) for process in started] == [0] * len(names)
    for process in started:
        process.communicate()
    runs = docket.ask("runs", "--limit", "50")
    docket.say("wait", *(run["run_id"] for run in runs), "--timeout", "60")
    found = docket.ask("runs", "--limit", "50")
    assert [run["status"] for run in found] == ["succeeded"] * len(names)
    assert [run["details"]["stdout"] for run in found] == ["x\n"] * len(names)


def test_w8_output_of_a_task_never_becomes_code_of_a_hook(docket: Program) -> None:
    hostile = docket.file("remote.txt", '"; touch PWNED; "\n$(touch PWNED)\n`touch PWNED`\n')
    docket.config(
        "tasks:\n  job:\n    type: command\n"
        f"    command: [cat, '{hostile}']\n"
        "    on_complete: 'echo \"details: $DOCKET_DETAILS_JSON $DOCKET_SUMMARY\"'\n"
    )
    found = docket.ask("run", "job")
    assert not list(docket.path.rglob("PWNED"))
    assert '\\"; touch PWNED; \\"' in found["hooks"][0]["stdout"]


CRON = [
    "0 */6 * * *",
    "0,30 9-17 * * 1-5",
    "*/15 * * * *",
    "0 0 1,15 * *",
    "5 4 * * sun",
    "23 0-20/2 * * *",
    "@weekly",
    "0 0 13 * 5",
]


@pytest.mark.parametrize("expression", CRON)
def test_w9_cron_is_translated_to_what_systemd_takes(docket: Program, expression: str) -> None:
    lines = docket.ask("translate", expression)["lines"]
    done = subprocess.run(
        ["systemd-analyze", "calendar", *lines], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "*:*:0/6" not in lines


def test_w9_one_wrong_schedule_stops_no_other(docket: Program) -> None:
    docket.config(
        "tasks:\n"
        "  good: {type: command, command: 'true', schedule: '0,30 * * * *'}\n"
        "  wrong: {type: command, command: 'true', schedule: '0 0 30 2 *'}\n"
    )
    answer = docket.say("install", "--output-dir", str(docket.path / "units"), "--json")
    assert answer.exit_code == 1
    assert (docket.path / "units" / "docket-good.timer").exists()
    assert not (docket.path / "units" / "docket-wrong.timer").exists()

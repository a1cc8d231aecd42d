"""Defects of docket-cli 0.2.2 in what it keeps of a task's output, logs and events."""

from __future__ import annotations

import json
import time

import pytest

from tests.reference.defects.program import Program, until

LINES = 'for i in 1 2 3; do echo \'{\\"event\\": \\"step\\"}\'; sleep 0.4; done'


def test_the_log_of_a_run_in_the_background_is_what_its_command_printed(docket: Program) -> None:
    docket.task('command: [sh, -c, "echo begun; sleep 300"]')
    run_id = docket.in_background()
    content = until(lambda: docket.ask("logs", run_id).get("content"))
    assert content == "begun\n"
    docket.say("cancel", run_id)


def test_logs_follow_shows_lines_while_the_run_goes_on(docket: Program) -> None:
    docket.task('command: [sh, -c, "echo begun; sleep 300"]')
    run_id = docket.in_background()
    follower = docket.start("logs", run_id, "--follow")
    assert follower.stdout is not None
    assert follower.stdout.readline() == "begun\n"
    docket.say("cancel", run_id)
    follower.communicate(timeout=30)


def test_a_run_in_the_foreground_has_a_log(docket: Program) -> None:
    docket.task("command: [echo, hello]")
    assert docket.ask("logs", docket.ask("run", "job")["run_id"])["content"] == "hello\n"


def test_events_keep_the_instants_at_which_they_came(docket: Program) -> None:
    docket.task(f'command: [sh, -c, "{LINES}"], output_format: jsonl')
    run_id = docket.ask("run", "job")["run_id"]
    stamps = [event["timestamp"] for event in docket.ask("events", run_id)]
    assert stamps == sorted(set(stamps))
    assert len(stamps) == 3


def test_events_of_a_run_in_the_foreground_are_there_before_its_end(docket: Program) -> None:
    docket.task(
        "command: [sh, -c, \"echo '{}'; sleep 300\"], output_format: jsonl",
    )
    process = docket.start("run", "job")
    run = until(lambda: docket.ask("runs"))[0]
    assert until(lambda: docket.ask("events", run["run_id"]))
    docket.say("cancel", run["run_id"])
    process.communicate(timeout=30)


def test_the_events_of_every_attempt_are_kept(docket: Program) -> None:
    docket.task(
        "command: [sh, -c, \"echo '{}'; exit 1\"], output_format: jsonl, retry: 2, "
        "backoff_base: 0.01"
    )
    run_id = docket.ask("run", "job")["run_id"]
    assert [event["event_index"] for event in docket.ask("events", run_id)] == [1, 2, 3]


def test_more_than_five_thousand_events_can_be_read(docket: Program) -> None:
    docket.task("command: [sh, -c, 'yes {} | head -n 6000'], output_format: jsonl")
    run_id = docket.ask("run", "job")["run_id"]
    answer = docket.say("events", run_id, "--limit", "100000", "--json")
    assert len(answer.document) == 6000


def test_runs_are_read_on_from_where_a_page_ended(docket: Program) -> None:
    docket.task("command: 'true'")
    ids = [docket.ask("run", "job")["run_id"] for _ in range(3)]
    page = docket.ask("runs", "--limit", "2")
    rest = docket.ask("runs", "--limit", "2", "--cursor", page[-1]["run_id"])
    assert [run["run_id"] for run in (*page, *rest)] == ids[::-1]


@pytest.mark.parametrize("output_format", ["json", "jsonl"])
def test_output_that_is_not_what_was_declared_is_a_failure(
    docket: Program, output_format: str
) -> None:
    docket.task(f"command: [echo, '{{'], output_format: {output_format}")
    found = docket.ask("run", "job")
    assert (found["status"], found["error_code"], found["exit_code"]) == (
        "failed",
        "parse_error",
        1,
    )


def test_auto_knows_json_lines_from_json(docket: Program) -> None:
    docket.task('command: [printf, \'{"n": 1}\\n\\n{"n": 2}\\n\'], output_format: auto')
    details = docket.ask("run", "job")["details"]
    assert details["events"] == [{"n": 1}, {"n": 2}]
    assert "parse_error" not in details


def test_a_blank_line_is_not_a_bad_json_line(docket: Program) -> None:
    docket.task("command: [printf, '{}\\n\\n{}\\n'], output_format: jsonl")
    assert docket.ask("run", "job")["status"] == "succeeded"


@pytest.mark.parametrize("output_format", ["text", "jsonl"])
def test_output_that_is_not_utf8_loses_nothing(docket: Program, output_format: str) -> None:
    docket.file("raw", "#!/bin/sh\nprintf '{}\\n\\377 kept\\n'\n")
    docket.task(f"command: ['{docket.path}/raw'], output_format: {output_format}")
    found = docket.ask("run", "job")
    assert "kept" in found["details"]["stdout"]
    assert "kept" in docket.ask("logs", found["run_id"])["content"]


def test_two_hundred_megabytes_of_output_stay_out_of_the_record(docket: Program) -> None:
    docket.task("command: [head, -c, '200000000', /dev/zero]")
    begun = time.monotonic()
    found = docket.ask("run", "job")
    assert found["status"] == "succeeded"
    assert (docket.home / "state.db").stat().st_size < 2_000_000
    assert len(json.dumps(docket.ask("status"))) < 1_000_000
    assert time.monotonic() - begun < 60


def test_a_noisy_failure_reaches_its_hook(docket: Program) -> None:
    docket.task(
        "command: [sh, -c, \"head -c 400000 /dev/zero | tr '\\\\0' x; exit 1\"], "
        "on_failure: 'echo alarm $DOCKET_STATUS'"
    )
    hook = docket.ask("run", "job")["hooks"][0]
    assert (hook["exit_code"], hook["stdout"]) == (0, "alarm failed\n")


def test_the_outcome_of_hooks_is_in_the_history(docket: Program) -> None:
    docket.task("command: 'true', on_success: 'echo told; exit 3'")
    run_id = docket.ask("run", "job")["run_id"]
    hook = docket.run_of(run_id)["hooks"][0]
    assert (hook["exit_code"], hook["stdout"]) == (3, "told\n")


def drop_in(docket: Program, body: str, top: str = "") -> None:
    """Write the drop-in task `job` whose run() has this body."""
    docket.file(
        ".docket/tasks/job.py",
        f"{top}\nfrom docket.task import BaseTask, TaskResult\n\n"
        f"class Job(BaseTask):\n    name = 'job'\n\n    def run(self, config):\n        {body}\n",
    )


def test_what_a_drop_in_prints_is_not_part_of_the_json(docket: Program) -> None:
    drop_in(docket, "print('noise'); return TaskResult(ok=True, summary='done')", "print('top')")
    assert docket.ask("run", "job")["summary"] == "done"
    assert [row["name"] for row in docket.ask("list") if row["name"] == "job"] == ["job"]


def test_details_that_json_cannot_say_lose_no_run(docket: Program) -> None:
    drop_in(
        docket,
        "return TaskResult(ok=True, summary='done', details={'at': datetime.now()})",
        "from datetime import datetime",
    )
    assert docket.ask("run", "job")["summary"] == "done"
    assert len(docket.ask("runs")) == 1


def test_a_drop_in_that_exits_is_a_failed_run(docket: Program) -> None:
    drop_in(docket, "sys.exit(9)", "import sys")
    answer = docket.say("run", "job", "--json")
    assert (answer.exit_code, answer.document["status"]) == (1, "failed")


def test_a_broken_drop_in_breaks_only_itself(docket: Program) -> None:
    docket.task("command: [echo, fine]", name="good")
    docket.file(".docket/tasks/broken.py", "def f(:\n")
    assert docket.ask("run", "good")["status"] == "succeeded"
    answer = docket.say("check", "--json")
    assert answer.exit_code == 1
    assert "broken.py" in answer.out


def test_a_drop_in_that_others_can_write_is_refused_aloud(docket: Program) -> None:
    drop_in(docket, "return TaskResult(ok=True, summary='done')")
    (docket.home / "tasks" / "job.py").chmod(0o777)
    answer = docket.say("run", "job", "--json")
    assert answer.exit_code == 1
    assert answer.document["problems"][0]["error_code"] == "config.unsafe_permissions"


def test_a_task_reads_nothing_of_its_callers_input(docket: Program) -> None:
    docket.task("command: [cat]")
    assert docket.ask("run", "job")["details"]["stdout"] == ""


def test_a_wrong_directory_is_not_called_a_missing_command(docket: Program) -> None:
    docket.task("command: [/bin/true], cwd: /no/such/directory")
    summary = docket.ask("run", "job")["summary"]
    assert "/no/such/directory" in summary
    assert "not found" not in summary


def test_a_death_by_signal_names_the_signal(docket: Program) -> None:
    docket.task('command: [sh, -c, "kill -9 $$"]')
    found = docket.ask("run", "job")
    assert (found["status"], found["details"]["signal"]) == ("killed", "SIGKILL")
    assert "SIGKILL" in found["summary"]

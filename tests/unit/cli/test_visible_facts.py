"""What used to be in JSON only, or nowhere, is visible in the text."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docket import api
from docket.cli.commandtable import VERBS
from docket.model.rows import RunRow
from docket.paths import discover, exec_command
from docket.store.spool import spool, spool_directories
from tests.unit.cli.conftest import Docket

Config = Callable[[str], Path]

TASKS = r"""
tasks:
  json: {type: command, command: [echo, '{"copied": 12}'], output_format: json}
  seven: {type: command, command: [sh, -c, "exit 7"], destructive: true}
  many:
    type: command
    command: [sh, -c, "for i in $(seq 700); do echo '{\"n\": 1}'; done"]
    output_format: jsonl
"""


@pytest.fixture(autouse=True)
def home(config: Config) -> Path:
    return config(TASKS)


def test_what_a_run_returned_is_shown(docket: Docket) -> None:
    docket("run", "json")
    assert 'returned      {"copied":12}' in docket("status", "--run-id", "json").out
    assert 'returned {"copied":12}' in docket("wait", "json").out


def test_the_commands_own_exit_code_is_beside_dockets(docket: Docket) -> None:
    told = docket("run", "seven", "--json").document
    assert (told["exit_code"], told["command_exit_code"]) == (1, 7)
    [run] = docket("runs", "--json").document
    assert (run["exit_code"], run["command_exit_code"]) == (1, 7)
    assert "7 of the command" in docket("status", "--run-id", "seven").out


def test_a_list_marks_destructive_tasks(docket: Docket) -> None:
    line = next(line for line in docket("list").out.splitlines() if line.startswith("seven"))
    assert "[destructive]" in line


def test_the_runs_say_what_started_them(docket: Docket) -> None:
    docket("run", "json")
    title, line = docket("runs").out.splitlines()
    assert "BY" in title
    assert "manual" in line


def test_events_beyond_the_limit_are_mentioned_with_the_command_that_shows_them(
    docket: Docket,
) -> None:
    run_id = docket("run", "many", "--json").document["run_id"]
    for words in (["events", "many"], ["events", "many", "--json"]):
        told = docket(*words)
        assert f"200 more events follow: docket events {run_id} --after-index 500" in told.err
    assert "follow" not in docket("events", "many", "--after-index", "500").err
    past = docket("events", "many", "--after-index", "900").out
    assert "no event after number 900; its last one is number 700" in past


def test_the_answer_to_a_repeated_key_says_that_the_run_was_started_before(docket: Docket) -> None:
    words = ["run", "json", "--async", "--launcher", "direct", "--idempotency-key", "k"]
    first, second = docket(*words), docket(*words)
    assert "json started (run" in first.out
    assert "was started before with this key" in second.out
    assert docket(*words, "--json").document["repeated"]
    docket("wait", "json")


def test_a_run_that_was_recorded_later_is_marked(docket: Docket, environ: dict[str, str]) -> None:
    docket("run", "json")
    paths = discover(environ)
    row = RunRow(
        run_id="20270101T000000000000Z-00000000", task="json", trigger="manual", started_at=1
    )
    row.status, row.finished_at = "succeeded", 2
    os.makedirs(paths.lock_dir, mode=0o700, exist_ok=True)
    assert spool(spool_directories(paths.state_db, paths.lock_dir), row, [], [], [])
    assert "(recorded later: the database could not be written)" in docket("runs").out
    shown = docket("status", "--run-id", "00000000").out
    assert "merged later: the database could not be written" in shown
    assert "the run was recorded later" in docket("why", "00000000").out


def test_a_run_by_the_last_good_plan_is_marked(
    docket: Docket, config: Config, environ: dict[str, str]
) -> None:
    docket("run", "json")
    config(TASKS.replace("output_format: json}", "output_format: json, retry: -1}"))
    subprocess.run([*exec_command(), "json"], env=environ, check=True, capture_output=True)
    assert "(ran by the last good plan)" in docket("runs").out
    assert "the last good one: " in docket("status", "--run-id", "json").out
    assert "The run used the last good plan: " in docket("why", "json").out
    assert "runs use the last good plan" in docket("status", "json").out


def test_help_is_a_command_too(docket: Docket) -> None:
    assert docket("help").out == docket("--help").out
    for name in ("runs", "why", "help"):
        assert docket("help", name).out == docket(name, "--help").out
    assert set(VERBS) <= set(docket("help").out.split())
    refused = docket("help", "rums", "--json")
    assert refused.document["hint"] == "did you mean: docket runs"


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (
            ["run", "json", "--dry-run", "--param", "a=b"],
            lambda: api.run_task("json", dry_run=True, params={"a": "b"}),
        ),
        (["run", "json", "--dry-run", "--async"], lambda: api.run_task_async("json", dry_run=True)),
        (["run", "json", "--launcher", "rocket"], lambda: api.run_task("json", launcher="rocket")),
        (["run", "jsno"], lambda: api.run_task("jsno")),
        (["runs", "--status", "good"], lambda: api.task_runs(statuses=["good"])),
    ],
)
def test_the_command_line_and_python_refuse_in_the_same_words(
    docket: Docket, words: list[str], call: Callable[[], Any]
) -> None:
    refused = docket(*words, "--json").document
    with pytest.raises(api.DocketAPIError) as caught:
        call()
    assert json.loads(json.dumps(caught.value.payload)) == refused


def test_check_install_and_doctor_name_a_secret_file_that_others_can_read(
    docket: Docket, config: Callable[[str], Path], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.env"
    secret.write_text("API_TOKEN=hunter2\n")
    secret.chmod(0o644)
    config(
        f'tasks: {{t: {{type: command, command: "true", env_file: "{secret}",'
        ' schedule: "@daily"}}\n'
    )
    said = f"the environment file {secret} can be read by others (mode 0644)"
    for words in ("check", "install --list", "doctor"):
        for more in ((), ("--json",)):
            told = docket(*words.split(), *more)
            text = " ".join((told.out + told.err).replace("The env", "the env").split())
            assert said in text, (words, more)
            assert "hunter2" not in text
    secret.chmod(0o600)
    for words in ("check", "install --list", "doctor"):
        assert "by others" not in docket(*words.split()).out, words

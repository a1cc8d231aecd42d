"""Text and JSON show the same facts, command by command."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket, environment_in, write_config
from tests.unit.cli.facts import names_in, unshown

TASKS = """
tasks:
  good:
    type: command
    description: Copy the photos
    command: [sh, -c, 'echo "{\\"copied\\": 12}"']
    output_format: json
    schedule: "30 2 * * *"
    timezone: UTC
    timeout_seconds: 90
    retry: 2
    network: true
    agent_notes: Ask first
    inputs: {folder: The folder}
    on_success: "echo no luck >&2; exit 4"
  bad: {type: command, command: [sh, -c, "echo out of space >&2; exit 7"], destructive: true}
  lines: {type: command, command: [echo, '{"event": "step", "n": 1}'], output_format: jsonl}
  paused: {type: command, command: "true", schedule: "@daily"}
  broken: {type: command, retry: -1}
"""
# What a text leaves out, as patterns of paths in the document, and why.
ELSEWHERE = {  # `status --run-id` shows the whole run, `logs` what it printed
    r"(.*\.)?sandbox",
    r"(.*\.)?details(\..*)?",
    r"(.*\.)?(pid|log_path|cpu_seconds|output_bytes|peak_memory_bytes|params\..*|run\.duration.*)",
}
ONLY_FOR_PROGRAMS = {  # the same as a stable word, or how a program goes on
    r"(.*\.)?(code|error_code|cause|plan|at_us|input_schema|exit_code|sample_size)",
    r"timer\.(state|unit)",
    r"(.*\.)?category",
}
OF_COMMAND: dict[str, set[str]] = {
    "status": {"(run_id|trigger|summary)"},  # a row for each task
    "status good": {"status"},
    "status bad": {"status"},
    "status paused": {"status", "overrides.since"},
    "status --run-id good": {"attempts.*", "hooks.duration_seconds"},
    "status --run-id bad": {"attempts.*"},
    "runs good": {"task_name"},
    # The table has the end of each last run; `check` has the places of mistakes.
    "list": {"last_run.*", "problems.*"},
    "describe good --full": {"last_run.*", "last_hooks.*", "contract.*", "sources"},
    "describe bad --full": {"last_run.*", "contract.*", "units.*", "output.*"},
    "health": {
        r"details\..*\.(last_run\..*|seconds_since_last_run|schedule|previous_fire|notes)",
        r"details\..*\.schedule_interval_seconds",
    },
    "why good": {"last_lines"},  # it succeeded
    "why bad": set(),
    "why paused": set(),
    "policy good": set(),
    "advise": {"fewest_runs"},
    "advise good": {"fewest_runs"},
    "audit": {"(uid|login_uid|login_user)", r"(before|after)\..*"},
    "env good": {"difference.*", r"(loaded|variables\.(masked|each_run|value))"},
    "env good --diff": {r"variables\..*", "loaded"},
    "wait good": {"(started_at|finished_at|trigger)"},
    "events lines": {"(run_id|task_name)"},  # as they were asked for
    "logs good": {"(run_id|status|path|source|task_name|run_status)"},  # nothing but the log
    "next": {"(lines|source)"},
    "next good": {"(task|source)"},
    "check": set(),
    "doctor": {
        r"checks\.(check|status|path|tasks_found|problems\..*|scheduled_tasks|version|scheduled|\w+_bytes)"
    },
    "cancel good": {
        "(started_at|finished_at|duration_seconds|summary|trigger)"
    },  # nothing was done
    "capabilities": {r"commands\.agent_use", r"tasks\.(inputs|outputs|config)\..*", "problems.*"},
    "pause paused --until 2099-01-01": set(),
    "forecast": {"(since|until|timezone)", r"tasks\.(source|listed|first)", "suggestion.tasks.*"},
    "translate @daily": {"directives"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one user for all tests here: they look, and change nothing that is shown."""
    return tmp_path_factory.mktemp("user")


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    return environment_in(folder)


@pytest.fixture(scope="module")
def ran() -> dict[str, str]:
    """The id of the newest run of each task, once there is one."""
    return {}


@pytest.fixture
def home(docket: Docket, folder: Path, ran: dict[str, str]) -> dict[str, str]:
    """A home with runs of all kinds; the id of the newest run of each task."""
    if ran:
        return ran
    write_config(folder, TASKS)
    docket("pause", "paused", "--until", "2d", "--reason", "a holiday")
    for task in ("bad", "bad", "lines", "good"):
        words = ["--param", "folder=/srv"] if task == "good" else []
        ran[task] = docket("run", task, *words, "--json").document["run_id"]
    return ran


@pytest.mark.parametrize("words", OF_COMMAND)
@pytest.mark.usefixtures("home")
def test_the_text_shows_what_the_json_holds(docket: Docket, words: str) -> None:
    document = docket(*words.split(), "--json").document
    told = docket(*words.split())
    left_out = ELSEWHERE | ONLY_FOR_PROGRAMS | OF_COMMAND[words]
    if words.startswith("status --run-id"):
        left_out -= ELSEWHERE
        left_out |= {"details.*", "pid"}  # of which it shows what the task returned
    missing = unshown(document, told.out + told.err, time.time_ns() // 1000)
    assert {
        path: value
        for path, value in missing.items()
        if not any(re.fullmatch(pattern, path) for pattern in left_out)
    } == {}


@pytest.mark.parametrize("words", OF_COMMAND)
def test_the_json_holds_what_the_text_names(
    docket: Docket, home: dict[str, str], words: str
) -> None:
    as_json = docket(*words.split(), "--json")
    told = docket(*words.split())
    facts = as_json.out + as_json.err
    named = names_in(told.out)
    named |= {task for task in home if re.search(rf"^{task}\b", told.out, re.MULTILINE)}
    assert {name for name in named if name not in facts} == set()


@pytest.mark.usefixtures("home")
def test_warnings_are_shown_whichever_form_is_asked_for(docket: Docket) -> None:
    """A list has no place for them, so they go to standard error."""
    for words in (["status"], ["status", "good"], ["list"], ["health"], ["describe", "good"]):
        as_json, told = docket(*words, "--json"), docket(*words)
        for sentence in re.findall(r"^warning: (.*)$", told.err, re.MULTILINE):
            assert sentence in as_json.err + json.dumps(as_json.document), words

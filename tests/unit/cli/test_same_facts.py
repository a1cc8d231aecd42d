"""Text and JSON tell the same facts, command by command."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docket.cli.render.layout.times import from_iso, relative
from docket.model.time.humantime import duration, local
from tests.unit.cli.conftest import Docket

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
    "describe good": {"last_run.*", "last_hooks.*", "contract.*", "sources"},
    "describe bad": {"last_run.*", "contract.*", "units.*", "output.*"},
    "health": {
        r"details\..*\.(last_run\..*|seconds_since_last_run|schedule|previous_fire|notes)",
        r"details\..*\.schedule_interval_seconds",
    },
    "why good": {"last_lines"},  # it succeeded
    "why bad": set(),
    "why paused": set(),
    "wait good": {"(started_at|finished_at|trigger)"},
    "events lines": {"(run_id|task_name)"},  # as they were asked for
    "logs good": {"(run_id|status|path|source|task_name|run_status)"},  # nothing but the log
    "next": {"(lines|source)"},
    "next good": {"(task|source)"},
    "check": set(),
    "doctor": {
        r"checks\.(check|path|tasks_found|problems\..*|scheduled_tasks|version|scheduled|\w+_bytes)"
    },
    "cancel good": {
        "(started_at|finished_at|duration_seconds|summary|trigger)"
    },  # nothing was done
    "capabilities": {r"commands\.agent_use", r"tasks\.(inputs|outputs|config)\..*", "problems.*"},
    "pause paused --until 3d": set(),
    "translate @daily": {"directives"},
}


@pytest.fixture
def home(docket: Docket, config: Callable[[str], Path]) -> dict[str, str]:
    """A home with runs of all kinds; the id of the newest run of each task."""
    config(TASKS)
    docket("pause", "paused", "--until", "2d", "--reason", "a holiday")
    ran = {}
    for task in ("bad", "bad", "lines", "good"):
        words = ["--param", "folder=/srv"] if task == "good" else []
        ran[task] = docket("run", task, *words, "--json").document["run_id"]
    return ran


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a document with its path, in which lists have no part."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, path)
    else:
        yield path, value


def forms_of(value: Any, now_us: int) -> list[str]:
    """Return the ways in which a text may show a value."""
    if isinstance(value, str):
        at_us = from_iso(value)
        if at_us is None:
            return [value, value.replace("_", " "), " ".join(value.split())]
        return [local(at_us), local(at_us, seconds=False), relative(at_us, now_us), value]
    return [str(value), duration(float(value))]


def unshown(document: Any, text: str, now_us: int) -> dict[str, Any]:
    """Return the facts of a document that its text does not show, by path."""
    plain = " ".join(text.split())
    missing: dict[str, Any] = {}
    for path, value in leaves(document):
        if value in (None, "", False, True):
            continue
        if not any(form in plain for form in forms_of(value, now_us)):
            missing[path] = value
    return missing


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


_NAMES = re.compile(
    r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}|docket-\w+\.(?:timer|service)|/\S+\.(?:log|yaml|db)"
)


@pytest.mark.parametrize("words", OF_COMMAND)
def test_the_json_holds_what_the_text_names(
    docket: Docket, home: dict[str, str], words: str
) -> None:
    as_json = docket(*words.split(), "--json")
    told = docket(*words.split())
    facts = as_json.out + as_json.err
    named = {name.rstrip(".:") for name in _NAMES.findall(told.out)}
    named |= {task for task in home if re.search(rf"^{task}\b", told.out, re.MULTILINE)}
    assert {name for name in named if name not in facts} == set()


@pytest.mark.usefixtures("home")
def test_warnings_are_told_whichever_form_is_asked_for(docket: Docket) -> None:
    """A list has no place for them, so they go to standard error."""
    for words in (["status"], ["status", "good"], ["list"], ["health"], ["describe", "good"]):
        as_json, told = docket(*words, "--json"), docket(*words)
        for sentence in re.findall(r"^warning: (.*)$", told.err, re.MULTILINE):
            assert sentence in as_json.err + json.dumps(as_json.document), words

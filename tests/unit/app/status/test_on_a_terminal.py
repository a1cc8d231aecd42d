"""What a person sees at 80, 100 and 200 columns, on a dark and on a light background."""

from __future__ import annotations

import json
import os
import re

import pytest

from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from tests.unit.app.conftest import Home
from tests.unit.app.terminal import END_OF_A_FRAME, plain, shown

WIDTHS = (80, 100, 200)
LIGHT = {"COLORFGBG": "0;15"}
SAID = "Copies the photos of all cameras to the big disk in the cellar, but for raw files"
GOOD = [f"good-{number:02}" for number in range(20)]
NAMES = [*GOOD, "shaky", "zoom"]


def tasks_of(names: list[str]) -> str:
    body = {"type": "command", "command": ["true"], "description": SAID, "schedule": "30 2 * * *"}
    return json.dumps({"tasks": dict.fromkeys(names, body)})


@pytest.fixture
def busy(home: Home) -> Home:
    """Twenty good tasks, one that failed, and one that runs; the last two by their names."""
    home.config(tasks_of(NAMES))
    for name in GOOD:
        home.record(name)
    home.record("shaky", "failed", summary="Command failed with exit 3: no room left")
    run_id = home.record("zoom", "running", boot_id=boot_id(), pid=os.getpid())
    home.lock = RunLock(home.paths.lock_dir, run_id)  # type: ignore[attr-defined]
    return home


def assert_fits(lines: list[str], columns: int) -> None:
    assert [line for line in lines if len(line) > columns] == []


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_watch_has_a_clock_and_counts_what_does_not_fit(busy: Home, columns: int) -> None:
    text = shown(busy.environ, "status", "--watch", columns=columns, lines=14, until=END_OF_A_FRAME)
    lines = plain(text.partition("\x1b[J")[0])
    assert len(lines) <= 14
    assert_fits(lines, columns)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, every 2 s until Ctrl-C", lines[0])
    names = [word for line in lines if (word := line.split(" ")[0]) in NAMES]
    assert names[:3] == ["shaky", "zoom", "good-00"]
    left = len(NAMES) - len(names)
    assert f"({left} more tasks: {left} succeeded)" in lines


def test_a_watched_run_that_is_longer_than_the_window_says_so(home: Home) -> None:
    home.config(tasks_of(["a"]))
    run_id = home.record("a", "failed", log_path="/a/job.log", unit="docket-a.service")
    lines = plain(shown(home.environ, "status", "--watch", "--run-id", run_id, columns=80, lines=8))
    lines = [line for line in lines if line]
    assert len(lines) == 7
    assert lines[1] == f"run {run_id}"
    assert re.fullmatch(r"\(\d+ more lines: the window is too low\)", lines[-1])


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_list_shows_every_column(busy: Home, columns: int) -> None:
    lines = plain(shown(busy.environ, "list", columns=columns))
    assert_fits(lines, columns)
    assert "TASK SCHEDULE LAST RUN" in " ".join(lines[0].split())
    text = "\n".join(lines)
    assert text.count("Copies the photos of all") == len(NAMES)
    assert text.count("30 2 * * *") == len(NAMES)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_history_has_the_summaries_or_says_that_they_have_no_room(
    home: Home, columns: int
) -> None:
    home.config(tasks_of(["backup"]))
    home.record("backup", summary=SAID)
    home.record("backup", "failed", summary="no room left on the disk")
    text = "\n".join(plain(shown(home.environ, "runs", columns=columns)))
    assert "no room left on the disk" in text
    assert ("Copies the photos" in text) != ("(no room for the summaries of good runs)" in text)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_description_fits_one_screen_and_full_has_the_rest(home: Home, columns: int) -> None:
    task = {
        "type": "command",
        "command": ["rsync", "-a", *(f"--exclude=/a/rather/long/path/{n}" for n in range(40))],
        "description": " ".join([SAID] * 6),
        "agent_notes": " ".join([SAID] * 6),
        "schedule": ["30 2 * * *", "@reboot"],
        "cwd": "/srv",
        "retry": 3,
        "timeout": "2h",
        "timeout_seconds": 90,
        "require": {"mounted": "/mnt", "online": True, "free": {"path": "/", "bytes": 1}},
        "limits": {"memory": "1G", "cpu": "50%"},
        "sandbox": "strict",
        "env": {f"VARIABLE_{n}": "x" for n in range(20)},
        "on_success": "echo good",
        "on_failure": "echo bad",
        "inputs": {"folder": "The folder"},
    }
    home.config(json.dumps({"tasks": {"photos": task}}))
    home.record("photos", "failed")
    lines = plain(shown(home.environ, "describe", "photos", columns=columns, lines=24))
    lines = [line for line in lines[: _first(lines, "warning:")] if line]
    assert len(lines) <= 23
    assert_fits(lines, columns)
    assert lines[0] == "photos"
    assert lines[1].split()[:3] == ["last", "run", "failed"]
    assert any("docket describe photos --full" in line for line in lines)
    full = "\n".join(plain(shown(home.environ, "describe", "photos", "--full", columns=columns)))
    for word in (
        "ProtectSystem",
        "VARIABLE_19",
        "--exclude=/a/rather/long/path/39",
        '"on_failure"',
    ):
        assert word in full


def _first(lines: list[str], begin: str) -> int:
    return next((at for at, line in enumerate(lines) if line.startswith(begin)), len(lines))


EVENTS = """
import json, time
for n in range(3):
    print(json.dumps({"event": "step", "n": n}), flush=True)
print("a plain word", flush=True)
print(json.dumps({"level": "error", "message": "one file is gone"}), flush=True)
print(json.dumps({"event": "progress", "fraction": 0.4, "message": "b.flac"}), flush=True)
time.sleep(0.3)
"""


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_run_with_events_shows_its_progress_instead_of_json(home: Home, columns: int) -> None:
    script = home.file(os.path.join(home.paths.home, "work.py"), EVENTS)
    task = {"type": "command", "command": ["python3", script], "output_format": "jsonl"}
    home.config(json.dumps({"tasks": {"work": {**task, "parse_errors": "warn"}}}))
    text = shown(home.environ, "run", "work", columns=columns)
    assert "{" not in text
    assert "event 3, step: n 2" in text
    assert " 40% b.flac" in text
    lines = plain(text)
    assert_fits(lines, columns)
    assert lines[:2] == ["a plain word", "error: one file is gone"]
    assert lines[2].startswith("work succeeded")
    assert any(re.match(r"next: docket events \S+ ", line) for line in lines)


def test_a_line_of_json_that_is_no_event_of_the_task_stays_as_it_is(home: Home) -> None:
    task = {"type": "command", "command": ["echo", '{"event": "step"}']}
    home.config(json.dumps({"tasks": {"work": task}}))
    assert plain(shown(home.environ, "run", "work", columns=80))[0] == '{"event": "step"}'


@pytest.mark.parametrize("columns", WIDTHS)
def test_docket_without_a_command_says_what_needs_somebody(busy: Home, columns: int) -> None:
    lines = plain(shown(busy.environ, columns=columns))
    assert_fits(lines, columns)
    assert lines[0] == "22 tasks: 1 failed, 1 running, 20 succeeded."
    assert [line.split(" ")[0] for line in lines[3:] if line.split(" ")[0] in NAMES] == [
        "shaky",
        "zoom",
    ]
    steps = [line for line in lines if line.startswith("next: ")]
    assert steps[0] == "next: docket why shaky  (says why it failed)"
    assert len(steps) <= 4


def test_docket_without_a_command_begins_with_a_config_that_is_broken(busy: Home) -> None:
    busy.config("tasks: [")
    lines = plain(shown(busy.environ, columns=80))
    steps = [line.split("  ")[0] for line in lines if line.startswith("next: ")]
    assert steps[:2] == ["next: docket check", "next: docket why shaky"]


def test_a_task_that_left_the_config_is_not_offered_an_install(home: Home) -> None:
    home.config(tasks_of(["gone"]))
    shown(home.environ, "run", "gone", columns=80)
    home.config(tasks_of([]))
    lines = plain(shown(home.environ, "status", columns=80))
    assert any("no longer in the config" in line for line in lines)
    assert [line for line in lines if "docket install --now" in line] == []


def test_docket_without_a_command_helps_to_a_first_task(home: Home) -> None:
    lines = plain(shown(home.environ, columns=80))
    assert lines[0] == "No tasks yet."
    assert [line.split("  ")[0] for line in lines if line.startswith("next: ")] == [
        "next: docket configure",
        "next: docket add NAME -- COMMAND...",
        "next: docket import crontab",
    ]


@pytest.mark.parametrize("words", [(), ("status",), ("list",), ("describe", "shaky")])
def test_a_light_background_gets_other_colours_and_the_same_words(
    busy: Home, words: tuple[str, ...]
) -> None:
    dark = shown(busy.environ, *words, columns=100)
    light = shown({**busy.environ, **LIGHT}, *words, columns=100)
    assert "\x1b[" in dark
    assert not re.search(r"\x1b\[3[36]m", light), "yellow and cyan vanish on white"
    assert not re.search(r"\x1b\[(3[07]|4\d|9\d|10\d)", dark + light), "black, white, backgrounds"
    assert _without_times(dark) == _without_times(light)


def _without_times(text: str) -> list[str]:
    return [" ".join(re.sub(r"\d+ (s|min|h|d) ago", "ago", line).split()) for line in plain(text)]

"""What each command answers, in both forms: the JSON as published, the text with its next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docket.model.records import hook_went_well
from tests.unit.cli.conftest import Docket, repository

Config = Callable[[str], Path]

TASKS = r"""
tasks:
  ok:
    type: command
    description: "evil é 日本"
    command: [echo, hello]
    schedule: "@daily"
    timezone: UTC
  fails:
    type: command
    command: [sh, -c, "printf 'bad \\033[2J\\r\\n' >&2; exit 3"]
    on_failure: "echo told >&2; exit 4"
  events:
    type: command
    command: [sh, -c, "echo '{\"type\": \"step\", \"n\": 1}'; echo '{\"event\": \"end\"}'"]
    output_format: jsonl
  broken: {type: command, command: "true", retry: many}
"""


@pytest.fixture
def home(config: Config) -> Path:
    return config(TASKS)


def valid(document: Any, name: str) -> Any:
    path = Path(repository(), "schemas", "output", f"{name}.schema.json")
    Draft202012Validator(json.loads(path.read_text())).validate(document)
    return document


@pytest.mark.usefixtures("home")
def test_a_run_and_everything_that_is_read_of_it(docket: Docket) -> None:
    told = docket("run", "events", "--json")
    assert told.code == 0
    run_id = valid(told.document, "run")["run_id"]
    valid(docket("runs", "--json").document, "runs")
    valid(docket("status", "--json").document, "status")
    valid(docket("status", "events", "--json").document, "status")
    valid(docket("status", "ok", "--json").document, "status")
    valid(docket("status", "--run-id", run_id, "--json").document, "status")
    valid(docket("logs", run_id, "--json").document, "logs")
    events = valid(docket("events", run_id, "--json").document, "events")
    assert [event["event_type"] for event in events] == ["step", "end"]
    later = docket("events", run_id, "--after-index", "1", "--json").document
    assert [event["event_index"] for event in later] == [2]
    assert docket("events", run_id).out.startswith("#1 ")


@pytest.mark.usefixtures("home")
def test_the_answers_about_tasks_are_as_published(docket: Docket) -> None:
    valid(docket("list", "--json").document, "list")
    valid(docket("describe", "ok", "--json").document, "describe")
    valid(docket("capabilities", "--json").document, "capabilities")
    valid(docket("doctor", "--json").document, "doctor")
    valid(docket("next", "ok", "--json").document, "next")
    valid(docket("next", "--json").document, "next")
    valid(docket("next", "@hourly", "--json").document, "next")
    valid(docket("translate", "@daily", "--json").document, "translate")
    for argv in (("describe", "nope"), ("logs", "nope"), ("describe", "broken"), ("frob",)):
        valid(docket(*argv, "--json").document, "error")


@pytest.mark.usefixtures("home")
def test_the_answers_of_installing_are_as_published(docket: Docket, tmp_path: Path) -> None:
    listed = valid(docket("install", "--list", "--json").document, "install-list")
    assert listed["ok"]["schedule"] == "@daily"
    differing = valid(docket("install", "--diff", "--json").document, "install-diff")
    assert differing["next_fires"][0]["before"] is None
    assert len(differing["next_fires"][0]["after"]["fires"]) == 3
    elsewhere = docket("install", "--output-dir", str(tmp_path / "units"), "--json")
    assert valid(elsewhere.document, "install")["count"] == 4
    told = docket("install", "--json")
    assert told.code == 1  # one task is broken; the others are installed anyway
    document = valid(told.document, "install")
    kinds = [Path(path).suffix for path in document["created"]]
    assert kinds == [".service", ".service", ".service", ".timer"]
    removed = docket("uninstall", "ok", "--json")
    assert removed.code == 0
    assert len(valid(removed.document, "uninstall")["removed"]) == 2


@pytest.mark.usefixtures("home")
def test_a_failed_run_names_its_hook_and_the_command_that_shows_its_log(docket: Docket) -> None:
    told = docket("run", "fails")
    assert told.code == 1
    lines = told.out.splitlines()
    run_id = lines[0].split()[-1].rstrip(")")
    assert lines[0].startswith("fails failed in ")
    assert "hook failed: on_failure" in told.out
    assert f"next: docket logs {run_id}" in told.out
    assert "\x1b" not in told.out
    assert docket("logs", run_id).out.endswith("bad \x1b[2J\r\n")  # a pipe gets every byte


@pytest.mark.usefixtures("home")
def test_a_dry_run_ends_with_two_and_leaves_no_trace(docket: Docket) -> None:
    told = docket("run", "ok", "--dry-run")
    assert told.code == 2
    assert "Would run: " in told.out
    assert "next: docket run ok" in told.out
    assert docket("runs").out == "No runs yet.\n"


@pytest.mark.usefixtures("home")
def test_the_next_step_names_the_home_that_was_asked_for(docket: Docket, tmp_path: Path) -> None:
    home = str(tmp_path / ".docket")
    told = docket("--home", home, "describe", "ok")
    assert f"next: docket --home {home} run ok --dry-run" in told.out


@pytest.mark.usefixtures("home")
def test_install_without_now_prints_the_line_that_starts_the_timers(docket: Docket) -> None:
    told = docket("install", "ok")
    assert "next: systemctl --user enable --now docket-ok.timer" in told.out
    again = docket("install", "ok")
    assert "2 unit files are unchanged." in again.out


@pytest.mark.usefixtures("home")
def test_a_changed_schedule_shows_its_fires_before_and_after(
    docket: Docket, config: Config
) -> None:
    docket("install", "ok")
    config(TASKS.replace("@daily", "30 5 * * *"))
    told = docket("install", "ok", "--diff")
    assert told.code == 0
    assert "-OnCalendar=*-*-* 00:00:00" in told.out
    assert "+OnCalendar=*-*-* 05:30:00" in told.out
    before, after = (
        line for line in told.out.splitlines() if line.strip().startswith(("before:", "after:"))
    )
    assert "00:00:00 UTC" in before
    assert "05:30:00 UTC" in after
    assert "docket install ok" in told.out.splitlines()[-1]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("columns", ["40", "80", "120"])
@pytest.mark.parametrize(
    "argv", [("list",), ("status",), ("runs",), ("next",), ("describe", "ok")], ids=" ".join
)
def test_tables_fit_the_width_that_is_named(
    docket: Docket, monkeypatch: pytest.MonkeyPatch, columns: str, argv: tuple[str, ...]
) -> None:
    docket("run", "fails")
    monkeypatch.setenv("COLUMNS", columns)
    told = docket(*argv)
    assert told.code == 0
    table = [line for line in told.out.splitlines() if not line.startswith(("next:", "  "))]
    if argv[0] in ("list", "status") or (argv[0] == "next" and columns != "40"):
        assert max(map(len, table)) <= int(columns)


@pytest.mark.parametrize("argv", [("list",), ("status",), ("runs",), ("doctor",), ("next",)])
def test_without_a_config_the_next_step_is_configure(docket: Docket, argv: tuple[str, ...]) -> None:
    told = docket(*argv)
    assert "docket configure" in told.out + told.err or argv == ("runs",)
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("argv", "other"),
    [
        (("install", "--list", "--diff"), "--diff"),
        (("install", "--list", "--now"), "--now"),
        (("install", "--output-dir", "/tmp/x", "--linger"), "--linger"),
        (("install", "--output-dir", ""), "--output-dir"),
        (("uninstall",), "--all"),
        (("enable", "ok", "--all"), "--all"),
        (("next", "ok", "--timezone", "UTC"), "--timezone"),
        (("next", "--timezone", "UTC"), "--timezone"),
        (("translate",), "--batch"),
        (("translate", "--batch", "@daily"), "--batch"),
        (("translate", "0", "9", "*", "*", "1"), "quotes"),
        (("next", "0", "9", "*", "*", "1"), "quotes"),
    ],
)
@pytest.mark.usefixtures("home")
def test_contradictions_are_refused(docket: Docket, argv: tuple[str, ...], other: str) -> None:
    told = docket("--json", *argv)
    assert told.code == 1
    assert told.document["error_code"] == "usage"
    assert other in told.document["error"] + (told.document["hint"] or "")


def test_the_outcome_says_whether_a_hook_or_a_message_went_well() -> None:
    assert hook_went_well("agent:example.org", "done", 200)
    assert hook_went_well("notify:discord", "delivered", 204)
    assert hook_went_well("echo x", "done", 0)
    assert not hook_went_well("exit 200", "done", 200)
    assert not hook_went_well("notify:ntfy", "failed", 500)
    assert not hook_went_well("agent:example.org", "failed", 500)

"""Every command's JSON, as the command line prints it, against the published schemas."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.warm import called

CONFIG = """
tasks:
  good: {type: command, command: [echo, x], schedule: ["@daily", "5 4 * * *"], on_success: "true"}
  lines: {type: command, command: [echo, '{"event": "a"}'], output_format: jsonl}
  bad: {type: command, retry: -1}
"""


@pytest.fixture
def filled(home: Home) -> Home:
    """A home with a good, a broken and an already run task."""
    home.config(CONFIG)
    docket(home, 0, "run", "lines")
    return home


def docket(home: Home, expected: int, *words: str, stdin: str = "") -> Any:
    """Run the command line with --json and return its document."""
    environ = {**home.environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/no-bus"}
    done = called([*words, "--json"], environ, home.paths.user_home, stdin=stdin.encode())
    assert done.returncode == expected, (done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("schema", "expected", "words"),
    [
        ("run", 0, ("run", "good")),
        ("run", 2, ("run", "good", "--dry-run")),
        ("run-async", 0, ("run", "good", "--async", "--launcher", "direct")),
        ("pause", 0, ("pause", "good", "--until", "2h", "--reason", "a holiday")),
        ("skip-next", 0, ("skip-next", "good")),
        ("resume", 0, ("resume", "good")),
        ("status", 0, ("status",)),
        ("status", 0, ("status", "lines")),
        ("status", 0, ("status", "good")),
        ("runs", 0, ("runs",)),
        ("list", 0, ("list",)),
        ("describe", 0, ("describe", "good")),
        ("capabilities", 0, ("capabilities",)),
        ("forecast", 0, ("forecast", "--days", "3")),
        ("audit", 0, ("audit",)),
        ("env", 0, ("env", "good")),
        ("doctor", 1, ("doctor",)),
        ("next", 0, ("next",)),
        ("next", 0, ("next", "good", "-n", "3")),
        ("next", 0, ("next", "0 9 * * 1-5")),
        ("translate", 0, ("translate", "0 9 * * 1-5", "--timezone", "Europe/Berlin")),
        ("translate", 0, ("translate", "@reboot")),
        ("check", 1, ("check",)),
        ("schema", 0, ("schema",)),
        ("schema", 0, ("schema", "output")),
        ("schema", 0, ("schema", "output", "run")),
        ("completion", 0, ("completion", "bash")),
        ("setup-shell", 0, ("setup-shell", "bash")),
        ("install-list", 1, ("install", "--list")),
        ("install-list", 0, ("install", "good", "--list")),
        ("install-diff", 0, ("install", "good", "--diff")),
    ],
)
def test_an_answer_is_in_its_published_shape(
    filled: Home, schema: str, expected: int, words: tuple[str, ...]
) -> None:
    assert require_valid(schema, docket(filled, expected, *words)) is not None


def test_answers_about_one_run_are_in_their_published_shape(filled: Home) -> None:
    [run] = require_valid("runs", docket(filled, 0, "runs", "lines"))
    run_id = run["run_id"]
    assert require_valid("status", docket(filled, 0, "status", "--run-id", run_id))["attempts"]
    assert require_valid("logs", docket(filled, 0, "logs", run_id))["content"]
    assert len(require_valid("events", docket(filled, 0, "events", run_id))) == 1


def test_an_install_without_a_manager_is_reported_in_its_published_shape(filled: Home) -> None:
    report = require_valid("install", docket(filled, 0, "install", "good"))
    assert report["count"] == 2
    directory = os.path.join(filled.paths.user_home, "out")
    require_valid("install", docket(filled, 0, "install", "good", "--output-dir", directory))
    assert sorted(os.listdir(directory)) == ["docket-good.service", "docket-good.timer"]
    assert require_valid("install-diff", docket(filled, 0, "install", "good", "--diff"))["changes"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "nope"), "task.unknown"),
        (("run", "bad"), "task.broken"),
        (("run", "../x"), "task.name_refused"),
        (("status", "nope"), "task.unknown"),
        (("status", "--run-id", "nope"), "run.not_found"),
        (("runs", "--limit", "x"), "usage"),
        (("describe", "bad"), "task.broken"),
        (("logs", "20260427T013000000000Z-ab12cd34"), "run.not_found"),
        (("events", "../x"), "run.not_found"),
        (("next", "61 * * * *"), "schedule.out_of_range"),
        (("translate", "0 0 30 2 *"), "schedule.never_fires"),
        (("install", "nope"), "task.unknown"),
        (("enable", "nope"), "task.unknown"),
        (("schema", "nope"), "usage"),
        (("nope",), "usage"),
    ],
)
def test_a_refusal_is_in_its_published_shape(
    filled: Home, words: tuple[str, ...], code: str
) -> None:
    assert require_valid("error", docket(filled, 1, *words))["error_code"] == code


def test_a_broken_config_is_one_refusal_with_every_mistake(home: Home) -> None:
    home.config("tasks: {a: {type: command}}\nstate_dir: [x]\ntypo: 1\n")
    for words in (("list",), ("run", "a"), ("describe", "a"), ("capabilities",), ("install",)):
        document = require_valid("error", docket(home, 1, *words))
        assert len(document["problems"]) >= 3
        assert all(problem["line"] for problem in document["problems"])
    for words in (("status",), ("runs",), ("health",)):  # "none" would be a guess
        assert docket(home, 1, *words)["error_code"] == "config.invalid"
    assert require_valid("doctor", docket(home, 1, "doctor"))["ok"] is False


def test_a_home_without_a_config_is_refused_with_the_way_on(home: Home) -> None:
    for words in (("describe", "a"), ("run", "a"), ("check",)):
        document = require_valid("error", docket(home, 1, *words))
        assert document["error_code"] == "config.missing"
        assert "configure" in document["hint"]


def test_a_configuration_that_is_saved_is_reported_in_its_published_shape(home: Home) -> None:
    home.environ["EDITOR"] = "true"
    report = require_valid("configure", docket(home, 0, "configure"))
    assert report["created"]

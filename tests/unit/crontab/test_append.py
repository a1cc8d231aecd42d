"""`import crontab --append`: the tasks come into the config, and nothing else changes there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.unit.crontab.conftest import answer

TAB = b"# Nightly\n30 2 * * * backup --full\n5 4 * * * tidy\n"
APPEND = ("import", "crontab", "-", "--append")

CONFIGS = [
    "#\ntasks:\n    # b\n    old:  # c\n      type: command\n      command: x\n\n# d\ngroups: {}\n",
    "tasks:\n  old:\n    type: command\n    command: |\n      echo a\n\n      echo b\n",
    "tasks:\n  old: {type: command, command: x}",
]


@pytest.mark.parametrize("text", CONFIGS)
def test_the_tasks_come_below_the_others_and_every_line_stays(home: Home, text: str) -> None:
    home.config(text)
    found = require_valid("import", answer(home, 0, *APPEND, stdin=TAB))
    assert (found["output"], found["appended"]) == (home.paths.config, True)
    after = Path(home.paths.config).read_text()
    remaining = iter(after.splitlines())
    assert all(line in remaining for line in text.splitlines())
    assert stat.S_IMODE(os.stat(home.paths.config).st_mode) == 0o600
    assert sorted(answer(home, 0, "check")["tasks"]) == ["backup", "old", "tidy"]


@pytest.mark.parametrize("text", ["tasks: {}\n", "tasks:\n", "# nothing yet\n", None])
def test_a_config_without_tasks_gets_them(home: Home, text: str | None) -> None:
    if text is not None:
        home.config(text)
    answer(home, 0, *APPEND, stdin=TAB)
    assert sorted(answer(home, 0, "check")["tasks"]) == ["backup", "tidy"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tasks:\n  tidy: {type: command, command: x}\n", "task.exists"),
        ("tasks: {old: {type: command, command: x}}\n", "import.not_appended"),
        ("tasks:\n  old: {type: command, command: x, nonsense: 1}\n", "import.not_appended"),
        ("tasks: [\n", "import.not_appended"),
    ],
)
def test_if_a_name_is_taken_or_a_mistake_would_be_left_nothing_is_written(
    home: Home, text: str, code: str
) -> None:
    home.config(text)
    assert answer(home, 1, *APPEND, stdin=TAB)["error_code"] == code
    assert Path(home.paths.config).read_text() == text
    assert [name for name in os.listdir(home.paths.home) if name.endswith("yaml")] == [
        "config.yaml"
    ]


def test_append_and_output_are_two_places(home: Home) -> None:
    assert answer(home, 1, *APPEND, "--output", "x")["error_code"] == "usage"

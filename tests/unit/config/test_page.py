"""The page about the configuration says what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docket.config.schema import schema as schemas
from docket.config.task import plugin
from docket.config.yaml.codes import Code
from docket.config.yaml.composer import DEEPEST
from docket.config.yaml.source import LARGEST
from docket.tasks.probe import DEADLINE_SECONDS
from tests.unit.config.config_home import ConfigHome

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
WRITTEN = PAGE.partition("<!-- begin")[0]
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", WRITTEN, re.MULTILINE | re.DOTALL)


def test_the_reference_part_is_up_to_date() -> None:
    tool = subprocess.run(
        [sys.executable, "tools/make_config_docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tool.returncode, tool.stdout, tool.stderr) == (0, "", "")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_a_valid_configuration(home: ConfigHome, example: str) -> None:
    config = home.load(example)
    assert config.problems == ()
    assert config.tasks


@pytest.mark.parametrize("key", schemas.key_names("command_task"))
def test_every_key_is_on_the_page(key: str) -> None:
    assert f"| `{key}` |" in PAGE


@pytest.mark.parametrize("code", Code)
def test_every_code_is_on_the_page(code: Code) -> None:
    assert f"| `{code}` |" in PAGE


def test_the_page_names_the_keys_that_no_class_can_take_over() -> None:
    paragraph = WRITTEN.partition("unless it is one of")[2].partition("Every other key")[0]
    assert set(re.findall(r"`(\w+)`", paragraph)) == plugin.SHARED


def test_the_numbers_of_the_page_are_the_programs() -> None:
    assert (DEEPEST, LARGEST, DEADLINE_SECONDS) == (32, 1024 * 1024, 10)
    assert "32 levels" in WRITTEN
    assert "over 1 MiB" in WRITTEN
    assert "has ten seconds" in WRITTEN


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("network: yes", True),
        ("env: {A: 0755}", None),
        ("env: {A: 1:30}", None),
        ("env: {A: 1_000}", None),
        ("env: {A: 1.50}", None),
        ("description: no", None),
        ("description: 2027-01-31", True),
    ],
)
def test_the_table_of_yaml_words_is_true(home: ConfigHome, line: str, reads: bool | None) -> None:
    config = home.load(f"tasks:\n  job:\n    type: command\n    command: x\n    {line}\n")
    assert (not config.problems) is bool(reads)

"""The page for agents: its recipes run, its codes exist, and answers are as small as it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from docket.errorcodes import codes_and_causes
from tests.warm import called

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "agents.md").read_text()
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text()
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def environ(own_home: str) -> dict[str, str]:
    """An empty home, and no service manager."""
    return {"HOME": own_home, "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def blocks(page: str) -> list[str]:
    """Return the command lines of the sh blocks, each joined where it is continued."""
    return [
        line.strip()
        for block in FENCE.findall(page)
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    ]


def words_of(line: str) -> tuple[list[str], dict[str, str]]:
    """Return the words after `docket`, and the variables that stand before it."""
    words = shlex.split(line)
    at = words.index("docket")
    return words[at + 1 :], dict(word.split("=", 1) for word in words[:at])


def test_the_recipes_run_one_after_the_other_in_an_empty_home(
    environ: dict[str, str], own_home: str
) -> None:
    for line in blocks(PAGE):
        words, _ = words_of(line)
        done = called(words, environ, own_home)
        document = json.loads(done.stdout)
        expected = 2 if "--dry-run" in words else 0
        assert done.returncode == expected, (line, document)


def test_every_code_that_the_page_gives_advice_for_exists() -> None:
    section = PAGE.partition("## Error codes")[2].partition("\n## ")[0]
    known = {code.code for code in codes_and_causes()}
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    named = {code for row in rows for code in re.findall(r"`([^`]+)`", row)}
    assert len(named) > 10
    assert named - known == set()


def test_answers_are_as_small_as_the_page_says(environ: dict[str, str], own_home: str) -> None:
    add = "docket add report --schedule @daily -- /bin/echo done"
    assert called(words_of(add)[0], environ, own_home).returncode == 0
    rows = re.findall(r"^\| `(docket [^`]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(rows) > 5
    sizes = {line: len(called(words_of(line)[0], environ, own_home).stdout) for line, _ in rows}
    assert {line: sizes[line] for line, most in rows if sizes[line] > int(most)} == {}


def test_the_page_itself_is_short() -> None:
    """An agent reads all of it: about 2,500 tokens."""
    assert len(PAGE.encode()) < 10_000


@pytest.mark.parametrize("line", blocks(TROUBLE))
def test_every_command_for_a_symptom_answers_in_an_empty_home(
    line: str, environ: dict[str, str], own_home: str
) -> None:
    words, before = words_of(line)
    done = called(words, {**environ, **before}, own_home)
    assert done.returncode in {0, 1}, line
    said = (done.stdout + done.stderr).decode()
    assert said
    assert "Traceback" not in said
    assert "inside Docket" not in said


def test_every_command_that_a_mend_names_exists() -> None:
    from docket.cli.commandtable import VERBS

    named = set(re.findall(r"`docket (?:--json |--system )*([a-z][a-z-]*)", TROUBLE))
    assert named - set(VERBS) == set()

"""`docket why` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

CONFIG = """
tasks:
  bad: {type: command, command: [/bin/sh, -c, 'echo said; exit 3']}
"""


@pytest.fixture
def failed(docket: Docket, tmp_path: Path) -> Docket:
    """A home with one failed run."""
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text(CONFIG)
    (home / "config.yaml").chmod(0o600)
    assert docket("run", "bad").code == 1
    return docket


def test_the_answer_comes_first_and_the_next_step_last(failed: Docket) -> None:
    told = failed("why", "bad")
    lines = told.out.splitlines()
    assert told.code == 0
    assert lines[0] == "bad: The command ended with exit code 3."
    assert "  said" in lines
    assert lines[-1].startswith("next: docket logs ")


def test_the_document_is_in_its_published_shape(failed: Docket) -> None:
    document = require_valid("why", failed("why", "bad", "--json").document)
    assert (document["cause"], document["last_lines"]) == ("exit_code", ["said"])
    run_id = document["run"]["run_id"]
    assert failed("why", "bad", run_id, "--json").document["run"]["run_id"] == run_id
    assert failed("why", "bad", "--at", "1min", "--json").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("why",), "usage"),
        (("why", "nope"), "task.unknown"),
        (("why", "../x"), "task.name_refused"),
        (("why", "bad", "x"), "run.not_found"),
        (("why", "bad", "--at", "nonsense"), "usage"),
    ],
)
def test_a_refusal_has_its_code(failed: Docket, words: tuple[str, ...], code: str) -> None:
    told = failed(*words, "--json")
    assert (told.code, told.document["error_code"]) == (1, code)

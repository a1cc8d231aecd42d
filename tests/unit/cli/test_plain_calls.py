"""The plainest calls are read without click, and come to what click would make of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parsing import answer_of
from docket.cli.plaincall import plain_call
from docket.store.reader import open_reader
from tests.unit.cli.conftest import Docket

CONFIG = {"tasks": {name: {"type": "command", "command": ["/bin/true"]} for name in ("one", "two")}}
PLAIN = [
    ["status"],
    ["status", "one"],
    ["--json", "status"],
    ["status", "--json", "one"],
    ["list"],
    ["runs"],
    ["runs", "one", "--json"],
    ["describe", "one"],
    ["health"],
    ["health", "one", "two"],
]
FOR_CLICK = [
    ["--json"],
    ["status", "one", "two"],
    ["status", "--help"],
    ["status", "-h"],
    ["status", "--", "one"],
    ["status", "--js"],
    ["status", "--watch"],
    ["--home", "/nowhere", "status"],
    ["-v", "status"],
    ["list", "one"],
    ["describe"],
    ["describe", "one", "two"],
    ["health", "--check"],
    ["runs", "--limit", "1"],
    ["one", "status"],
    ["exec", "one"],
    ["run", "one"],
    ["run", "--async"],
    ["run", "one", "two", "--async"],
    ["run", "one", "--async", "--launcher", "direct"],
    ["run", "one", "--async", "--param", "a=b"],
    ["run", "one", "--asyn"],
    ["run", "one", "--async", "--help"],
    ["status", "--async"],
    ["nonsense"],
]


@pytest.fixture
def home(environ: dict[str, str]) -> dict[str, str]:
    """The environment of a home with two tasks, of which one has run."""
    folder = Path(environ["HOME"], ".docket")
    folder.mkdir(mode=0o700)
    config = folder / "config.yaml"
    config.write_text(json.dumps(CONFIG))
    config.chmod(0o600)
    return environ


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_a_plain_call_answers_as_click_reads_it(
    home: dict[str, str], docket: Docket, words: list[str]
) -> None:
    docket("run", "one")
    plain, clicked = Call(home), Call(home)
    answer = plain_call(words, plain)
    assert answer is not None
    found, wanted = answer(), answer_of(words, clicked)
    assert isinstance(wanted, Answer)
    assert (plain.json, plain.verbose, plain.home) == (clicked.json, clicked.verbose, clicked.home)
    assert _without_ages(found.document) == _without_ages(wanted.document)
    screen = plain.screen()
    assert found.text(screen) == wanted.text(screen)
    assert (found.exit_code, found.warnings) == (wanted.exit_code, wanted.warnings)


@pytest.mark.parametrize(
    "words",
    [["run", "one", "--async"], ["--json", "run", "--force", "--async", "one"]],
    ids=" ".join,
)
def test_a_plain_start_in_the_background_is_what_click_starts(
    home: dict[str, str], words: list[str]
) -> None:
    plain, clicked = Call(home), Call(home)
    answer = plain_call(words, plain)
    assert answer is not None
    found, wanted = answer(), answer_of(words, clicked)
    assert isinstance(wanted, Answer)
    assert plain.json == clicked.json
    assert _without_its_run(found.document) == _without_its_run(wanted.document)
    assert found.text(plain.screen()).splitlines()[0].startswith("one started (run ")
    with open_reader(str(Path(home["HOME"], ".docket", "state.db"))) as reader:
        runs = reader.runs()
    assert {(run.task, run.trigger) for run in runs} == {("one", "async")}
    assert len(runs) == 2


@pytest.mark.parametrize("words", FOR_CLICK, ids=" ".join)
def test_every_other_call_is_left_to_click(environ: dict[str, str], words: list[str]) -> None:
    call = Call(environ)
    assert plain_call(words, call) is None
    assert not call.json


def _without_ages(document: object) -> str:
    """Return a document as text; what is so and so old is a little older in the next call."""
    return re.sub(r": \d+\.\d+", ": 0.0", json.dumps(document))


def _without_its_run(receipt: Mapping[str, Any]) -> str:
    """Return a receipt as text, without what is different for each run."""
    of_the_run = {"pid": 0, "started_at": ""}
    return json.dumps({**receipt, **of_the_run}).replace(receipt["run_id"], "RUN")

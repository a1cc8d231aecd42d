"""A config that cannot be used is an error, and what plans and record know comes with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from docket import api
from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

GOOD = 'tasks:\n  a: {type: command, command: "true"}\n'
BROKEN = "tasks: [\n"
READERS = [["status"], ["status", "a"], ["list"], ["health"]]


@pytest.fixture
def broken(docket: Docket, config: Callable[[str], Path]) -> str:
    """A home with a good run whose config was broken after it; the id of that run."""
    config(GOOD)
    run_id: str = docket("run", "a", "--json").document["run_id"]
    config(BROKEN)
    return run_id


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_reader_answers_with_the_error_and_with_what_is_known(
    docket: Docket, broken: str, words: list[str]
) -> None:
    told = docket(*words, "--json")
    error = require_valid("error", told.document)
    assert (told.code, error["ok"], error["error_code"]) == (1, False, "config.invalid")
    assert broken in json.dumps(error.get("tasks") or error["health"])


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_the_text_shows_the_same(docket: Docket, broken: str, words: list[str]) -> None:
    del broken
    told = docket(*words)
    assert told.code == 1
    assert "docket: " in told.err
    assert "a" in told.out.split()


@pytest.mark.parametrize("words", [["describe", "a"], ["capabilities"], ["next"]], ids=" ".join)
def test_what_only_the_config_can_answer_is_an_error(
    docket: Docket, broken: str, words: list[str]
) -> None:
    del broken
    told = docket(*words, "--json")
    assert (told.code, told.document["error_code"]) == (1, "config.invalid")


@pytest.mark.parametrize("words", [["runs"], ["logs", "a"], ["wait", "a"]], ids=" ".join)
def test_the_record_is_read_where_the_last_plan_says_it_is(
    docket: Docket, broken: str, words: list[str]
) -> None:
    told = docket(*words, "--json")
    assert told.code == 0
    assert broken in told.out


def test_an_empty_list_is_refused_if_nothing_says_where_the_record_is(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    config(BROKEN)
    for words in (["runs"], ["status"], ["list"], ["health"]):
        told = docket(*words, "--json")
        assert (told.code, told.document["error_code"]) == (1, "config.invalid"), words


def test_the_python_interface_raises_with_what_is_known(docket: Docket, broken: str) -> None:
    del docket
    for call in (api.task_status, api.list_tasks, api.health):
        with pytest.raises(api.DocketAPIError) as caught:
            call()
        assert broken in json.dumps(caught.value.payload)

"""A run is named by its id, a part of it, or its task, in every command that takes a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from docket import api
from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket
from tests.unit.runner.runner_home import wait_until

TASKS = """
tasks:
  lines: {type: command, command: [echo, '{"event": "a"}'], output_format: jsonl}
  other: {type: command, command: [echo, x]}
"""
COMMANDS = {
    "status": ("status", "--run-id"),
    "logs": ("logs",),
    "events": ("events",),
    "wait": ("wait",),
    "cancel": ("cancel",),
    "why": ("why",),
}


@pytest.fixture
def run_ids(docket: Docket, config: Callable[[str], Path]) -> list[str]:
    """Two runs of `lines`, the oldest first."""
    config(TASKS)
    return [docket("run", "lines", "--json").document["run_id"] for _ in range(2)]


def run_id_in(document: object) -> str:
    """Return the id of the run that an answer is about."""
    found = document[0] if isinstance(document, list) else document
    assert isinstance(found, dict)
    return str((found.get("run") or found)["run_id"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_task_name_means_its_newest_run(docket: Docket, run_ids: list[str], command: str) -> None:
    told = docket(*COMMANDS[command], "lines", "--json")
    assert (told.code, run_id_in(told.document)) == (0, run_ids[1])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_end_and_the_beginning_of_an_id_are_enough(
    docket: Docket, run_ids: list[str], command: str
) -> None:
    for run_id in run_ids:
        for part in (run_id[-8:], run_id[:22]):
            told = docket(*COMMANDS[command], part, "--json")
            assert (told.code, run_id_in(told.document)) == (0, run_id)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_part_that_fits_several_runs_is_refused_with_the_candidates(
    docket: Docket, run_ids: list[str], command: str
) -> None:
    told = docket(*COMMANDS[command], run_ids[0][:6], "--json")
    error = require_valid("error", told.document)
    assert (told.code, error["error_code"]) == (1, "run.ambiguous")
    assert error["candidates"] == run_ids[::-1]


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "why"])
def test_a_text_that_fits_no_run_is_not_found(
    docket: Docket, run_ids: list[str], command: str
) -> None:
    assert run_ids
    for text in ("nope", "other", "", "00000000", "2019"):
        told = docket(*COMMANDS[command], text, "--json")
        assert (told.code, told.document["error_code"]) == (1, "run.not_found"), text


def test_a_followed_log_and_a_page_of_runs_take_the_same(
    docket: Docket, run_ids: list[str]
) -> None:
    followed = docket("logs", "lines", "--follow", "--json").document
    assert followed["run_id"] == run_ids[1]
    older = docket("runs", "--cursor", run_ids[1][-8:], "--json").document
    assert [run["run_id"] for run in older] == run_ids[:1]


def test_the_python_interface_takes_the_same(docket: Docket, run_ids: list[str]) -> None:
    del docket
    for word in ("lines", run_ids[1][-8:]):
        assert api.run_events(word)[0]["run_id"] == run_ids[1]
        assert api.wait_run(word)["run_id"] == run_ids[1]
    with pytest.raises(api.DocketAPIError) as caught:
        api.cancel_run(run_ids[0][:6])
    assert caught.value.payload["candidates"] == run_ids[::-1]


def test_the_run_under_way_comes_before_a_newer_one_that_was_skipped(
    docket: Docket, config: Callable[[str], Path], tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    config(
        f"tasks:\n  slow: {{type: command, command: [sh, -c, 'touch {begun}; exec sleep 300']}}\n"
    )
    receipt = docket("run", "slow", "--async", "--launcher", "direct", "--json").document
    wait_until(begun.exists)
    skipped = docket("run", "slow", "--json")
    assert skipped.document["status"] == "skipped"
    told = docket("cancel", "slow", "--json")
    assert (told.document["run_id"], told.document["cancelled"]) == (receipt["run_id"], True)

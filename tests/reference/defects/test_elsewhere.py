"""Defects of docket-cli 0.2.2 whose tests are in other folders, with similar tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

ELSEWHERE = {
    "MCP is broken with the present SDK": (
        "mcp/test_sessions.py::test_the_server_has_the_references_tools_with_their_arguments"
    ),
    "MCP: capabilities give away what describe hides": (
        "mcp/test_sessions.py::test_every_tool_that_looks_answers_as_its_schema_says"
    ),
    "MCP: the destructive gate is passed through depends_on": (
        "mcp/test_sessions.py::test_a_destructive_task_is_refused_also_as_a_dependency"
    ),
    "MCP: a dry run is always an error": (
        "mcp/test_sessions.py::test_a_dry_run_is_a_success_also_of_a_destructive_task"
    ),
    "MCP: a failed run is one sentence without an id": (
        "mcp/test_sessions.py::test_impossible_arguments_are_refused_as_an_object_with_a_hint"
    ),
    "MCP: waiting blocks the whole server": (
        "mcp/test_sessions.py::test_a_session_that_starts_waits_and_cancels"
    ),
    "MCP: finished workers remain zombies": (
        "mcp/test_robustness.py::test_no_worker_is_left_as_a_zombie"
    ),
    "MCP: a task that reads its input eats the protocol": (
        "mcp/test_robustness.py::test_a_task_reads_nothing_of_the_protocol"
    ),
    "MCP: a large record makes it unusable": (
        "mcp/test_robustness.py::test_two_hundred_megabytes_of_output_make_short_answers"
    ),
    "a run in the background dies with its caller's session": (
        "system/test_async.py::test_a_run_outlives_its_caller_in_a_unit_of_its_own"
    ),
    "a process id is used again and a stranger is killed": (
        "unit/app/runs/test_cancel.py::"
        "test_a_process_that_got_the_number_of_a_dead_runner_is_never_signalled"
    ),
    "two of three cron expressions are misread": (
        "property/test_cron_against_systemd.py::"
        "test_the_fires_are_those_of_a_cron_that_looks_at_every_minute"
    ),
    "cancelled by the program that started it, a run is a zombie that counts as alive": (
        "unit/api/test_long_lived.py::"
        "test_a_run_cancelled_by_the_long_lived_parent_that_started_it_is_not_a_zombie"
    ),
    "the Python API raises for a dry run": (
        "unit/api/test_documents.py::test_a_dry_run_does_not_raise_and_leaves_nothing"
    ),
}


def names_in(path: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("defect", ELSEWHERE)
def test_the_test_that_is_named_for_a_defect_exists(defect: str) -> None:
    file, _, name = ELSEWHERE[defect].partition("::")
    assert name in names_in(TESTS / file)

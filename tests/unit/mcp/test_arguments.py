"""The arguments of tools are published as JSON Schema and checked by the same schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docket.errors import UsageError
from docket.mcp.arguments import Parameter, checked, input_schema
from docket.mcp.tools import TOOLS, Tool

RUN = TOOLS["docket_run_task"]
RUNS = TOOLS["docket_task_runs"]
WAIT = TOOLS["docket_wait_run"]
ATTEMPTS: list[tuple[Tool, dict[str, Any]]] = [
    (RUN, {"task_name": "x"}),
    (RUN, {"task_name": "x", "params": {"a": "b"}, "idempotency_key": None, "force": True}),
    (RUN, {"task_name": "x", "params": {"a": 1}}),
    (RUN, {"task_name": "x", "params": ["a"]}),
    (RUN, {"task_name": "x" * 301}),
    (RUN, {"task_name": "x", "dry_run": 1}),
    (RUN, {"task_name": "x", "dry_run": None}),
    (RUN, {"task_name": "x", "other": 1}),
    (RUN, {}),
    (RUNS, {"limit": 1}),
    (RUNS, {"limit": 0}),
    (RUNS, {"limit": 1001}),
    (RUNS, {"limit": True}),
    (RUNS, {"limit": "5"}),
    (RUNS, {"statuses": ["failed", "lost"], "task_name": None}),
    (RUNS, {"statuses": ["fine"]}),
    (RUNS, {"statuses": [None]}),
    (RUNS, {"statuses": "failed"}),
    (WAIT, {"run_id": "r", "timeout": None, "poll_interval": 0}),
    (WAIT, {"run_id": "r", "timeout": 0.5}),
    (WAIT, {"run_id": "r", "timeout": -0.5}),
    (WAIT, {"run_id": "r", "poll_interval": None}),
]


@pytest.mark.parametrize(("tool", "given"), ATTEMPTS)
def test_what_is_refused_is_what_the_schema_refuses(tool: Tool, given: dict[str, Any]) -> None:
    schema = input_schema(tool.parameters)
    Draft202012Validator.check_schema(schema)
    allowed = Draft202012Validator(schema).is_valid(given)
    if allowed:
        found = checked(tool.name, tool.parameters, given)
        assert set(found) == {parameter.name for parameter in tool.parameters}
        return
    with pytest.raises(UsageError) as refused:
        checked(tool.name, tool.parameters, given)
    assert refused.value.hint


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_of_seconds_is_a_real_one(value: float) -> None:
    with pytest.raises(UsageError):
        checked(WAIT.name, WAIT.parameters, {"run_id": "r", "timeout": value})


def test_every_default_is_allowed_by_its_own_schema() -> None:
    for tool in TOOLS.values():
        for parameter in tool.parameters:
            if not parameter.required:
                assert Draft202012Validator(dict(parameter.schema)).is_valid(parameter.default)


def test_a_complaint_never_repeats_a_long_text() -> None:
    parameters = [Parameter("count", {"type": "integer", "description": "How many."})]
    with pytest.raises(UsageError) as refused:
        checked("a_tool", parameters, {"count": "x" * 10**6})
    assert len(refused.value.sentence) < 200
    with pytest.raises(UsageError) as refused:
        checked("a_tool", parameters, {"y" * 10**6: 1})
    assert len(refused.value.sentence) < 200

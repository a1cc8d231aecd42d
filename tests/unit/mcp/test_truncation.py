"""Answers are short, and say where the rest is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docket.mcp.tools import TOOLS
from docket.mcp.truncation import ONE_RUN, bounded
from docket.model.runid import make_run_id

RUN_ID = make_run_id(1, b"abcd")


def run(**details: Any) -> dict[str, Any]:
    return {"run_id": RUN_ID, "details": details}


def test_what_fits_is_left_as_it_is() -> None:
    document = run(stdout="x" * 100, json={"a": [1, None, 2.5, True]})
    assert bounded(document, 1000) == document


def test_a_long_text_keeps_its_beginning_and_its_end_and_names_the_tool() -> None:
    found = bounded(run(stdout="a" * 5000 + "b" * 50_000 + "the end"), 4000)["details"]["stdout"]
    assert found.startswith("a" * 200)
    assert found.endswith("the end")
    assert "characters left out; docket_run_logs " + RUN_ID in found
    assert len(found) < 1200


def test_a_part_of_many_small_values_is_left_out_and_named() -> None:
    found = bounded(run(events=[{"n": n} for n in range(10_000)], stdout="short"), 4000)
    assert found["details"]["stdout"] == "short"
    assert "events" not in found["details"]
    assert found["details"]["left_out"]["events"] > 10_000
    assert RUN_ID in found["details"]["see"]


def test_runs_are_bounded_wherever_they_are() -> None:
    many = {"result": [{"name": "x", "last_run": run(stdout="y" * 100_000)}] * 50}
    assert len(json.dumps(bounded(many, 2048))) < 50 * 2500


def test_a_log_is_not_taken_for_the_details_of_a_run() -> None:
    document = {"run_id": RUN_ID, "content": "x" * 100_000}
    assert bounded(document, 1000) == document


def test_what_a_task_prints_under_any_name_is_bounded() -> None:
    found = bounded(run(json={"content": "x" * 10**6}), 4000)
    assert len(json.dumps(found)) < 4000
    event = {"run_id": RUN_ID, "event": {"lines": ["x" * 3000] * 100, "event": "a"}}
    assert bounded(event, 2000)["event"]["event"] == "a"
    assert len(json.dumps(bounded(event, 2000))) < 2500
    assert len(json.dumps(bounded({"last_lines": ["x" * 10**6]}, 2000))) < 70_000


def test_parameters_stay_texts() -> None:
    found = bounded({"run_id": RUN_ID, "params": {"a": "x" * 60_000, "b": "y"}}, 2000)
    assert found["params"]["b"] == "y"
    assert "left out" in found["params"]["a"]
    assert len(found["params"]["a"]) < 600


def test_what_is_nested_without_end_is_cut() -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]
    assert "too deep" in json.dumps(bounded(run(json=deep), ONE_RUN))


@pytest.mark.parametrize("name", TOOLS)
def test_every_output_schema_is_one_of_an_object(name: str) -> None:
    schema = TOOLS[name].output_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    text = json.dumps(schema)
    for reference in json.loads(text).get("$defs", {}):
        assert f"#/$defs/{reference}" in text
    assert not Draft202012Validator(schema).is_valid([])

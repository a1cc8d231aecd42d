"""The published schemas: as their tool writes them, sound, and easy to find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from docket.app.fires import forecast
from docket.app.install import install, removal
from docket.app.status.list import list_tasks
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid, schema

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..", "..")
DIRECTORY = os.path.join(ROOT, "schemas", "output")
NAMES = sorted(name.removesuffix(".schema.json") for name in os.listdir(DIRECTORY))
EVERY_COMMAND = {
    "run",
    "status",
    "runs",
    "list",
    "describe",
    "capabilities",
    "logs",
    "events",
    "doctor",
    "install",
    "uninstall",
    "enable",
    "disable",
    "next",
    "translate",
    "check",
    "configure",
    "schema",
    "completion",
    "setup-shell",
    "error",
}


def test_every_command_that_answers_in_json_has_a_schema() -> None:
    assert set(NAMES) >= EVERY_COMMAND


def test_the_files_are_as_their_tool_writes_them() -> None:
    tool = os.path.join(ROOT, "tools", "make_schemas.py")
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_whole_in_itself(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"]
    for reference in _all(found, "$ref"):
        assert reference.removeprefix("#/$defs/") in found["$defs"]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_says_what_it_is(name: str) -> None:
    for properties in _all(schema(name), "properties"):
        for key, part in properties.items():
            assert "description" in part or "$ref" in part or "properties" in part, key


def test_a_document_that_lost_a_key_or_changed_a_type_is_refused(home: Home) -> None:
    home.config("tasks:\n  a: {type: command, command: 'true', schedule: '@daily'}\n")
    [listed] = require_valid("list", [_listed(home)])
    for key in ("name", "description", "last_run"):
        without = {name: value for name, value in listed.items() if name != key}
        with pytest.raises(ValidationError):
            Draft202012Validator(schema("list")).validate([without])
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("list")).validate([{**listed, "description": 3}])
    Draft202012Validator(schema("list")).validate([{**listed, "more": "is welcome"}])


def test_reports_of_what_was_written_are_in_their_shape(home: Home, tmp_path: Any) -> None:
    home.config("tasks:\n  a: {type: command, command: 'true', schedule: '@daily'}\n")
    report = install.write_to(home.session, str(tmp_path), ())
    assert require_valid("install", report.document())["count"] == 2
    switched = removal.SwitchReport(("docket-a.timer",))
    assert require_valid("enable", switched.document()) == require_valid(
        "disable", switched.document()
    )


def test_forecasts_and_translations_are_in_their_shape() -> None:
    found = forecast.translate("@daily", zone="Europe/Berlin", system=False)
    assert require_valid("translate", found.document())["lines"]
    expected = forecast.forecast_expression("@daily", zone=None, system=False, now_us=NOW_US, n=2)
    assert len(require_valid("next", expected.document())["fires"]) == 2
    lines = forecast.translate_batch(
        [b'{"id": 1, "expr": "@reboot"}', b'{"id": "x", "expr": "61 * * * *"}', b"{"], system=False
    )
    for line in lines:
        require_valid("translate-batch", json.loads(line))


def _listed(home: Home) -> dict[str, Any]:
    return dict(list_tasks(home.session).rows()[0])


def _all(value: Any, key: str) -> list[Any]:
    found = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found += [part[key]] if key in part and not isinstance(part[key], bool) else []
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found

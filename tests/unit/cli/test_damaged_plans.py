"""A wrong-typed value in one plan breaks no command, and the other tasks are shown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from docket.app.catalog.planshape import damaged_part
from docket.model.jsontext import dumps
from docket.model.plan import Plan
from tests.unit.cli.test_hostile_places import Docket, docket, write

__all__ = ["docket"]

_VALUES = [True, -1, 10**400, "x", None, [], [1], {}, {"a": 1}, [[["x"]]], "\ud800", "a\0b"]
_COMMANDS = [
    ("status",),
    ("list",),
    ("health",),
    ("why", "job"),
    ("describe", "job"),
    ("next",),
    ("runs",),
    ("doctor",),
    ("maintain",),
]
_TASK = {
    "type": "command",
    "command": ["/bin/echo", "hi"],
    "schedule": "0 3 * * *",
    "notify": {"webhook": {"url": "http://127.0.0.1:9/x"}},
    "on_failure": ["echo x"],
}


@pytest.fixture
def planned(tmp_path: Path, docket: Docket) -> Path:
    """A home with an installed task and another one; return the plan of the first."""
    tmp_path.chmod(0o700)
    for name in ("run", ".docket"):
        (tmp_path / name).mkdir(mode=0o700)
    config = {"tasks": {"job": _TASK, "other": {**_TASK, "schedule": "0 4 * * *"}}}
    write(tmp_path / ".docket/config.yaml", json.dumps(config))
    docket.say(tmp_path, "install")
    return tmp_path / ".docket/plans/job.json"


def mutated(text: str, seed: int) -> str:
    """Return the text of a plan with another value in one place, at any depth."""
    pick = random.Random(seed)
    document: Any = json.loads(text)
    part = document
    while True:
        key = pick.choice(list(part) if isinstance(part, dict) else range(len(part)))
        if not isinstance(part[key], dict | list) or not part[key] or pick.random() < 0.4:
            break
        part = part[key]
    part[key] = pick.choice(_VALUES)
    return json.dumps(document)


def test_no_command_ends_in_an_internal_error(planned: Path, docket: Docket) -> None:
    sound = planned.read_text()
    home = planned.parents[2]
    for seed in range(60):
        words = _COMMANDS[seed % len(_COMMANDS)]
        write(planned, mutated(sound, seed))
        said = docket.say(home, *words)
        assert said.code in (0, 1), (seed, words, said)
        assert "inside Docket" not in said.text, (seed, words, planned.read_text())
        if words[0] in ("status", "list", "health"):
            assert "other" in said.text, (seed, words)


def test_doctor_names_the_plan_that_is_damaged(planned: Path, docket: Docket) -> None:
    home = planned.parents[2]
    assert "damaged" not in docket.say(home, "doctor").text
    document = json.loads(planned.read_text())
    write(planned, json.dumps({**document, "unit_hashes": True}))
    found = docket.say(home, "--json", "doctor").text
    (check,) = [one for one in json.loads(found)["checks"] if one["check"] == "plans"]
    assert check["damaged_plans"] == ["job"]
    assert str(planned) in check["detail"]


def test_each_part_of_a_plan_is_looked_at(planned: Path) -> None:
    """Its annotation says what fits: a field of a new type cannot be forgotten."""
    document = json.loads(planned.read_text())
    assert damaged_part(Plan.from_text(dumps(document))) is None
    for name in Plan.FIELDS:
        if name in ("sources", "hooks", "python", "notify", "run_as"):
            continue  # these are refused as they are read
        damaged = {**document, name: {"a": [1]}}
        assert damaged_part(Plan.from_text(dumps(damaged))) == name

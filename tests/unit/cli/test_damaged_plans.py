"""A wrong-typed value in one plan or row breaks no command, and the other tasks are shown."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.app.catalog.planshape import damaged_part
from docket.model.jsontext import dumps
from docket.model.plan import Plan
from docket.model.rows import RunRow
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


_DEEP = '{"a": ' + "[" * 900 + "]" * 900 + "}"
_ODD = [_DEEP, "text", b"\xff\x00", -(2**63), 2**63 - 1, 1.5, None, "[1]", "{"]


def recorded(planned: Path, docket: Docket) -> tuple[Path, str]:
    """Run a task twice and another one; return the store, and the id of the newest of the first."""
    home = planned.parents[2]
    for task in ("job", "job", "other"):
        docket.say(home, "run", task, "--launcher", "direct")
    runs = json.loads(docket.say(home, "--json", "runs", "job").text)
    with closing(sqlite3.connect(home / ".docket/state.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home / ".docket/state.db", runs[0]["run_id"]


def put(store: Path, table: str, column: str, run_id: str, value: Any) -> bool:
    """Put a value into the rows of a run; return whether SQLite takes it."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS finished_runs_are_final")
        try:
            statement = f"UPDATE {table} SET {column} = ? WHERE run_id = ?"
            return connection.execute(statement, (value, run_id)).rowcount > 0
        except sqlite3.IntegrityError:
            return False


def test_a_row_of_deep_json_breaks_neither_runs_nor_events(planned: Path, docket: Docket) -> None:
    home = planned.parents[2]
    store, run_id = recorded(planned, docket)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO events VALUES (?, 1, 1, NULL, 'progress', '{}')", (run_id,))
    assert put(store, "runs", "details", run_id, _DEEP)
    assert put(store, "events", "event", run_id, _DEEP)
    runs = docket.say(home, "--json", "runs")
    assert runs.code == 0, runs
    assert len(json.loads(runs.text)) == 3
    for words in (("events", run_id), ("--json", "events", run_id), ("runs",)):
        said = docket.say(home, *words)
        assert said.code == 0, (words, said)
        assert "inside Docket" not in said.text
    assert len(json.loads(docket.say(home, "--json", "events", run_id).text)) == 1


def test_a_wrong_typed_row_breaks_no_command(planned: Path, docket: Docket) -> None:
    home = planned.parents[2]
    store, run_id = recorded(planned, docket)
    sound = store.read_bytes()
    commands = [("status",), ("list",), ("health",), ("why", "job")]
    tried = 0
    for number, column in enumerate(RunRow.FIELDS[2:]):
        for more in range(2):
            for beside in ("-wal", "-shm"):
                store.with_name(store.name + beside).unlink(missing_ok=True)
            store.write_bytes(sound)
            value = _ODD[(number + 4 * more) % len(_ODD)]
            if not put(store, "runs", column, run_id, value):
                continue
            tried += 1
            words = commands[tried % len(commands)]
            said = docket.say(home, *words)
            assert said.code in (0, 1), (column, value, words, said)
            assert "inside Docket" not in said.text, (column, value, words)
            if words[0] != "why":
                assert "other" in said.text, (column, value, words, said)
    assert tried > 40

"""Lists are small whatever jobs print, and what one run reported is stored once and shown whole."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket

_EVENT = json.dumps({"event": "row", "text": "x" * 200})
_CONFIG = f"""
tasks:
  lines:
    type: command
    output_format: jsonl
    command: [sh, -c, 'yes "$0" | head -n 2000', '{_EVENT}']
  value:
    type: command
    output_format: json
    command: [sh, -c, 'printf "[1"; yes ",1" | tr -d "\\n" | head -c 200000; printf "]"']
  text:
    type: command
    command: [sh, -c, 'yes output | head -c 300000; yes error | head -c 300000 >&2']
"""


@pytest.fixture
def home(tmp_path: Path, docket: Docket) -> Path:
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "config.yaml").write_text(_CONFIG)
    (home / "config.yaml").chmod(0o600)
    for task in ("lines", "value", "text"):
        assert docket("run", task).code == 0
    return home


@pytest.mark.usefixtures("home")
def test_twenty_runs_are_at_most_64_kib_whatever_their_jobs_print(docket: Docket) -> None:
    for number in range(17):
        docket("run", ("lines", "value", "text")[number % 3])
    listed = docket("runs", "--json")
    assert len(listed.document) == 20
    assert len(listed.out.encode()) <= 64 * 1024
    assert len(docket("status", "--json").out.encode()) <= 3 * 6 * 1024
    cut = [run["details"]["not_shown"] for run in listed.document]
    assert all(note["bytes"] > 1024 for note in cut)
    assert {run["details"].get("event_count") for run in listed.document} == {None, 2000}


def test_events_are_stored_once_and_shown_whole(docket: Docket, home: Path) -> None:
    run_id = docket("runs", "lines", "--json").document[0]["run_id"]
    with closing(sqlite3.connect(home / "state.db")) as connection:
        (text,) = connection.execute(
            "SELECT details FROM runs WHERE run_id = ?", (run_id,)
        ).fetchone()
        assert not json.loads(text).keys() & {"events", "last_event"}
    details = docket("status", "--run-id", run_id, "--json").document["details"]
    assert details["events"] == [json.loads(_EVENT)] * 1000
    assert (details["event_count"], details["events_truncated"]) == (2000, True)
    assert details["last_event"] == json.loads(_EVENT)
    events = docket("events", run_id, "--limit", "5000", "--json")
    assert len(events.document) == 2000

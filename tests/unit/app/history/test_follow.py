"""Following runs through the real command line: what comes is seen while the run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from docket.app.history import logs
from docket.app.history.follow import follow_events, follow_log
from docket.errors import RunLogError, UsageError
from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from docket.store.spool import spool_directories, spool_events
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid
from tests.unit.app.history.test_history import INVOCATION
from tests.unit.app.runs.test_wait import running
from tests.unit.app.text.test_outputs_of_commands import docket

STAMPED = (
    "import sys, time, json\nfor n in range({n}):\n print({what}, flush=True)\n time.sleep({s})"
)


def task(what: str, n: int, seconds: float, **keys: Any) -> dict[str, Any]:
    """Return a task that prints something with the time, again and again."""
    script = STAMPED.format(what=what, n=n, s=seconds)
    return {"type": "command", "command": [sys.executable, "-c", script], **keys}


TASKS = {
    "lines": task("time.time()", 8, 0.15),
    "events": task('json.dumps({"event": "x", "at": time.time()})', 8, 0.15, output_format="jsonl"),
    "flood": task('json.dumps({"event": "x", "n": n})', 20000, 0, output_format="jsonl"),
}


@contextmanager
def background(home: Home, name: str) -> Iterator[str]:
    """Run a task in the background; gives the run's id."""
    home.config(json.dumps({"tasks": TASKS}))
    words = [sys.executable, "-m", "docket", "run", name]
    with subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL) as process:
        yield running(home, name)
        process.wait(60)


def followed(home: Home, *words: str) -> list[tuple[float, str]]:
    """Return the lines that a following command prints, each with the time it came at."""
    line = [sys.executable, "-m", "docket", *words]
    with subprocess.Popen(line, env=home.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        return [(time.time(), text) for text in process.stdout]


def late(pairs: list[tuple[float, float]]) -> float:
    """Return the delay of the middle one: a busy machine may hold up single ones."""
    return sorted(came - printed for came, printed in pairs)[len(pairs) // 2]


def test_a_followed_log_comes_while_the_run_goes_on_and_ends_with_it(home: Home) -> None:
    with background(home, "lines") as run_id:
        came = followed(home, "logs", run_id, "--follow")
    assert len(came) == 8
    assert late([(at, float(text)) for at, text in came[4:]]) < 0.3


def test_a_followed_log_in_json_is_one_object_to_a_line(home: Home) -> None:
    with background(home, "lines") as run_id:
        came = followed(home, "logs", run_id, "-f", "--json")
    documents = [require_valid("logs-follow", json.loads(text)) for _, text in came]
    log = logs.read(home.session, run_id).content.decode()
    assert "".join(document["content"] for document in documents) == log


def test_followed_events_come_while_the_run_goes_on(home: Home) -> None:
    with background(home, "events") as run_id:
        came = followed(home, "events", run_id, "--follow", "--json")
    documents = [require_valid("events-follow", json.loads(text)) for _, text in came]
    assert [document["event_index"] for document in documents] == list(range(1, 9))
    times = [at for at, _ in came]
    pairs = zip(times, (document["event"]["at"] for document in documents), strict=True)
    assert late(list(pairs)[4:]) < 0.3


def test_a_follower_of_a_flood_misses_no_event(home: Home) -> None:
    with background(home, "flood") as run_id:
        came = followed(home, "events", run_id, "--follow", "--json")
    assert [json.loads(text)["event"]["n"] for _, text in came] == list(range(20000))


def test_following_begins_where_it_is_asked_to_and_stops_at_a_limit(home: Home) -> None:
    rows = [(n, NOW_US, None, "x", f'{{"n": {n}}}') for n in range(1, 6001)]
    run_id = home.record("a", events=rows)
    everything = [event for event in follow_events(home.session, run_id) if event is not None]
    assert len(everything) == 6000
    some = [event for event in follow_events(home.session, run_id, 5000, 7) if event is not None]
    assert [event.event_index for event in some] == list(range(5001, 5008))
    with pytest.raises(UsageError):
        follow_events(home.session, run_id, -1)


def test_events_that_were_spooled_are_followed_too(home: Home) -> None:
    run_id = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, run_id)
    stream = follow_events(home.session, run_id)
    assert next(stream) is None
    spools = spool_directories(home.paths.state_db, home.paths.lock_dir)
    spool_events(spools, run_id, [(1, NOW_US, None, "late", "{}")])
    home.finish(run_id)
    lock.release()
    assert [event.event_type for event in stream if event is not None] == ["late"]


def test_a_follower_may_begin_with_the_last_lines(home: Home) -> None:
    path = home.file(os.path.join(home.paths.log_dir, "a.log"), "one\ntwo\nthree\n")
    run_id = home.record("a", log_path=path)
    assert b"".join(follow_log(home.session, run_id, 2)) == b"two\nthree\n"
    assert b"".join(follow_log(home.session, run_id)) == b"one\ntwo\nthree\n"
    with pytest.raises(UsageError):
        follow_log(home.session, run_id, -1)


def test_following_a_run_that_left_no_log_says_so(home: Home) -> None:
    run_id = home.record("a", "skipped")
    with pytest.raises(RunLogError):
        list(follow_log(home.session, run_id))
    assert docket(home, 1, "logs", run_id, "--follow")["error_code"] == "run.no_log"
    refused = docket(home, 1, "logs", run_id, "--follow", "--source", "journal")
    assert refused["error_code"] == "usage"


def test_a_log_since_an_instant_is_the_journals(home: Home) -> None:
    entries = [
        {"MESSAGE": text, "__REALTIME_TIMESTAMP": str(at)}
        for text, at in (("old", NOW_US - 5), ("new", NOW_US + 5))
    ]
    body = "\n".join(map(json.dumps, entries))
    path = os.path.join(home.paths.user_home, "bin", "journalctl")
    home.file(path, f"#!/bin/sh\ncat <<'END'\n{body}\nEND\n")
    os.chmod(path, 0o700)
    home.environ["PATH"] = f"{os.path.dirname(path)}:{home.environ['PATH']}"
    run_id = home.record("a", unit="docket-a.service", invocation_id=INVOCATION)
    found = docket(home, 0, "logs", run_id, "--since", "2026-09-21 14:13:20+00:00")
    assert (found["content"], found["source"]) == ("new\n", "journal")
    with pytest.raises(UsageError):
        logs.read(home.session, run_id, source="file", since_us=1)
    assert docket(home, 1, "logs", run_id, "--since", "soon")["error_code"] == "usage"

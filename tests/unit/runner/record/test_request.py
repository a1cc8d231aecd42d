"""What others ask of a run reaches it by files beside its lock, and is gone afterwards."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import Home, wait_until

RUN_ID = "20260427T013000000000Z-ab12cd34"


def ask(home: Home, suffix: str, text: str = "") -> Path:
    directory = home.lock_dir / "runs"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{RUN_ID}.{suffix}"
    path.write_text(text)
    return path


def request(home: Home, **values: Any) -> None:
    ask(home, "request", json.dumps(values))


def test_parameters_reach_the_child_and_the_row(home: Home) -> None:
    request(
        home,
        params={"account": "main", "since-date": "2026"},
        idempotency_key="k",
        parent_run_id="p",
    )
    home.plan("job", "/usr/bin/env")
    result = home.result("job", "--run-id", RUN_ID, "--trigger", "async")
    found = dict(line.split("=", 1) for line in result["details"]["stdout"].splitlines())
    assert found["DOCKET_PARAM_ACCOUNT"] == "main"
    assert found["DOCKET_PARAM_SINCE_DATE"] == "2026"
    run = home.only_run()
    assert run.params == {"account": "main", "since-date": "2026"}
    assert (run.idempotency_key, run.parent_run_id, run.trigger) == ("k", "p", "async")
    assert not list((home.lock_dir / "runs").iterdir())


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"params": [1]}', "{" * 100_000])
def test_a_request_that_is_nonsense_stops_nothing(home: Home, text: str) -> None:
    ask(home, "request", text)
    home.plan("job", "/bin/true")
    assert home.run("job", "--run-id", RUN_ID).returncode == 0
    assert home.only_run().params is None


def test_a_run_that_was_cancelled_before_it_began_does_not_begin(home: Home) -> None:
    ask(home, "cancel")
    touched = home.path / "touched"
    home.plan("job", "/bin/touch", str(touched), hooks=[("on_complete", "echo $DOCKET_STATUS")])
    result = home.result("job", "--run-id", RUN_ID)
    assert (result["status"], result["returncode"]) == ("cancelled", 130)
    assert [hook["stdout"] for hook in result["hooks"]] == ["cancelled\n"]
    assert not touched.exists()


@pytest.mark.parametrize("retry", [0, 3])
def test_a_stop_after_a_request_to_cancel_is_a_cancellation(home: Home, retry: int) -> None:
    script = "echo x; exit 1" if retry else "echo x; sleep 7778"
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        script,
        retry=retry,
        backoff_base=30.0,
        backoff_max_seconds=60.0,
        hooks=[("on_failure", "echo $DOCKET_STATUS")],
    )
    run = home.start("job", "--run-id", RUN_ID)
    assert run.stdout is not None
    run.stdout.readline()
    if retry:
        wait_until(lambda: home.ask(lambda reader: reader.attempts(RUN_ID)))
    ask(home, "cancel")
    run.terminate()
    assert run.wait(60) == 130
    row = home.only_run()
    assert (row.status, row.error_code) == (RunStatus.CANCELLED, "cancelled")
    hooks = home.ask(lambda reader: reader.hooks(RUN_ID))
    assert [hook.stdout for hook in hooks] == ["cancelled\n"]


def test_what_was_asked_from_outside_is_not_taken_back_by_the_runner(home: Home) -> None:
    home.plan("job", "/bin/sleep", "1")
    run = home.start("job", "--run-id", RUN_ID)
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    with sqlite3.connect(home.state_db) as connection:
        connection.execute("UPDATE runs SET cancel_requested_at = 5")
    connection.close()
    assert run.wait(60) == 0
    assert home.only_run().cancel_requested_us == 5

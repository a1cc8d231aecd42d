"""Runs, events and logs, from a real store and real files."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from docket.app.history import history, logs
from docket.errors import (
    ConfigError,
    NameRefusedError,
    RunLogError,
    RunNotFoundError,
    StoreError,
    UnknownTaskError,
    UsageError,
)
from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from docket.store.closing import close_killed
from docket.store.logfiles import RunLog
from docket.store.spool import spool, spool_directories
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

CONFIG = "tasks:\n  hello: {type: command, command: echo}\n"
INVOCATION = "0123456789abcdef0123456789abcdef"
HOSTILE_IDS = ["../x", "a\nb", "x" * 10_240, "", "-1", "%i", "20260427T013000000000Z-AB12CD34"]


def test_a_home_without_anything_has_no_runs_and_none_is_made(home: Home) -> None:
    assert history.runs(home.session).document() == []
    assert os.listdir(home.paths.home) == []


def test_runs_come_newest_first_in_the_published_shape(home: Home) -> None:
    first = home.record("a", details={"stdout": "x"}, unit="docket-a.service")
    second = home.record("b", "failed", error_code="exit_code", scheduled_for=NOW_US)
    third = home.record("a", "skipped", blocked_by=first)
    documents = require_valid("runs", history.runs(home.session).document())
    assert [document["run_id"] for document in documents] == [third, second, first]
    assert documents[1]["scheduled_for"] == "2026-09-21T14:13:20.000000+00:00"
    assert documents[2]["duration_seconds"] == 2.0
    assert documents[2]["finished_at"].endswith("+00:00")


def test_runs_of_one_task_are_its_own_and_no_more_than_asked(home: Home) -> None:
    for task in ("a", "b", "a", "a"):
        home.record(task)
    found = history.runs(home.session, "a", 2)
    assert [run.task for run in found.runs] == ["a", "a"]


def test_a_limit_may_be_larger_than_any_number_of_rows(home: Home) -> None:
    home.record("a")
    assert len(history.runs(home.session, limit=10**30).runs) == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(home: Home, limit: int) -> None:
    with pytest.raises(UsageError):
        history.runs(home.session, limit=limit)


def test_a_task_that_is_gone_keeps_its_history(home: Home) -> None:
    home.config(CONFIG)
    home.record("gone")
    assert len(history.runs(home.session, "gone").runs) == 1


def test_the_error_for_an_unknown_task_has_the_nearest_name(home: Home) -> None:
    home.config(CONFIG)
    with pytest.raises(UnknownTaskError) as caught:
        history.runs(home.session, "helo")
    assert caught.value.hint == "Did you mean 'hello'?"
    require_valid("error", caught.value.document())


@pytest.mark.parametrize("name", ["../x", "a b", "%i", "a\nb", "x" * 300, ""])
def test_a_name_that_no_task_can_have_is_refused(home: Home, name: str) -> None:
    with pytest.raises(NameRefusedError) as caught:
        history.runs(home.session, name)
    assert "ASCII letters" in str(caught.value.hint)
    assert len(caught.value.sentence) < 200


def test_a_broken_config_does_not_hide_the_past(home: Home) -> None:
    home.config("tasks: [")
    run_id = home.record("a")
    assert [run.run_id for run in history.runs(home.session).runs] == [run_id]


def test_a_record_that_was_spooled_is_merged_before_it_is_shown(home: Home) -> None:
    run_id = home.record("a")
    from docket.model.rows import RunRow

    row = RunRow(run_id=run_id[:-1] + "f", task="a", trigger="manual", started_at=NOW_US)
    row.status, row.finished_at = "succeeded", NOW_US + 1
    spool(spool_directories(home.paths.state_db, home.paths.lock_dir), row, [], [], [])
    assert len(history.runs(home.session).runs) == 2


def test_a_damaged_database_gives_one_sentence(home: Home) -> None:
    home.file(home.paths.state_db, "this is not a database, " * 100)
    with pytest.raises(StoreError) as caught:
        history.runs(home.session)
    assert home.paths.state_db in caught.value.sentence


def test_a_running_run_whose_lock_is_held_is_alive(home: Home) -> None:
    held = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, held)
    found = {d["run_id"]: (d["status"], d["alive"]) for d in history.runs(home.session).document()}
    lock.release()
    assert found == {held: ("running", True)}


def test_events_come_in_order_with_their_own_timestamps(home: Home) -> None:
    rows = [
        (1, NOW_US, None, "start", '{"event": "start"}'),
        (2, NOW_US, "2026-01-01T00:00:00Z", None, "[1, 2]"),
    ]
    run_id = home.record("a", events=rows)
    documents = require_valid("events", history.events(home.session, run_id).document())
    assert [document["event_index"] for document in documents] == [1, 2]
    assert documents[0]["timestamp"] == documents[0]["received_at"]
    assert documents[1]["timestamp"] == "2026-01-01T00:00:00Z"
    assert documents[1]["event"] == [1, 2]


def test_events_go_on_after_an_index_without_a_ceiling(home: Home) -> None:
    rows = [(n, NOW_US, None, None, "{}") for n in range(1, 6001)]
    run_id = home.record("a", events=rows)
    assert len(history.events(home.session, run_id, limit=100_000).events) == 6000
    after = history.events(home.session, run_id, limit=1, after_index=5000).events
    assert [event.event_index for event in after] == [5001]
    with pytest.raises(UsageError):
        history.events(home.session, run_id, after_index=-1)


@pytest.mark.parametrize("run_id", HOSTILE_IDS)
def test_what_is_not_a_run_id_is_not_found_and_nothing_else(home: Home, run_id: str) -> None:
    for ask in (history.events, logs.read):
        with pytest.raises(RunNotFoundError) as caught:
            ask(home.session, run_id)
        document = require_valid("error", caught.value.document())
        assert document["status"] == "not_found"
        assert len(document["error"]) < 400


def test_a_log_is_read_whole_and_by_its_last_lines(home: Home) -> None:
    path = home.file(os.path.join(home.paths.log_dir, "a.log"), "one\ntwo\nthree\n")
    run_id = home.record("a", log_path=path)
    document = require_valid("logs", logs.read(home.session, run_id).document())
    assert document["content"] == "one\ntwo\nthree\n"
    assert (document["path"], document["source"]) == (path, "file")
    assert logs.read(home.session, run_id, tail=2).content == b"two\nthree\n"
    assert logs.read(home.session, run_id, tail=0).content == b""
    assert logs.read(home.session, run_id, tail=10**18).content == b"one\ntwo\nthree\n"


def test_bytes_that_are_not_text_are_kept_and_marked_in_json(home: Home) -> None:
    path = os.path.join(home.paths.log_dir, "a.log")
    log = RunLog(path, 1000)
    log.write(b"a\xff\n")
    log.finish()
    run_id = home.record("a", log_path=path)
    found = logs.read(home.session, run_id)
    assert found.content == b"a\xff\n"
    assert require_valid("logs", found.document())["content"] == "a\ufffd\n"


def test_the_log_of_a_run_that_goes_on_is_read_with_its_end(home: Home) -> None:
    path = os.path.join(home.paths.log_dir, "a.log")
    log = RunLog(path, 200)
    for number in range(100):
        log.write(f"line {number}\n".encode())
    run_id = home.record("a", "running", log_path=path)
    assert logs.read(home.session, run_id, tail=1).content == b"line 99\n"


def refusal(home: Home, run_id: str, **options: Any) -> dict[str, Any]:
    with pytest.raises(RunLogError) as caught:
        logs.read(home.session, run_id, **options)
    document: dict[str, Any] = require_valid("error", caught.value.document())
    return document


def test_a_run_that_never_ran_has_no_log_and_says_why(home: Home) -> None:
    run_id = home.record("a", "skipped", summary="Skipped: run x is still running")
    document = refusal(home, run_id)
    assert (document["status"], document["error_code"]) == ("no_log", "run.no_log")
    assert "still running" in document["hint"]


def test_a_log_that_is_gone_is_not_an_empty_one(home: Home) -> None:
    run_id = home.record("a", log_path=os.path.join(home.paths.log_dir, "gone.log"))
    document = refusal(home, run_id)
    assert (document["status"], document["path"][-8:]) == ("log_missing", "gone.log")


def test_a_log_that_is_not_a_file_is_unreadable(home: Home) -> None:
    os.makedirs(os.path.join(home.paths.log_dir, "a.log"))
    run_id = home.record("a", log_path=os.path.join(home.paths.log_dir, "a.log"))
    assert refusal(home, run_id)["status"] == "log_unreadable"


def test_options_that_mean_nothing_are_refused(home: Home) -> None:
    run_id = home.record("a")
    for options in ({"tail": -1}, {"source": "cloud"}):
        with pytest.raises(UsageError):
            logs.read(home.session, run_id, **options)


def journal(home: Home, *messages: str, own: str | None = None) -> None:
    """Put a journalctl in front of PATH that prints these messages."""
    entries = [json.dumps({"MESSAGE": message}) for message in messages]
    if own is not None:
        entries.append(json.dumps({"MESSAGE": own, "DOCKET_RUN_ID": "x"}))
    script = "#!/bin/sh\ncat <<'END'\n" + "\n".join(entries) + "\nEND\n"
    path = home.file(os.path.join(home.paths.user_home, "bin", "journalctl"), script)
    os.chmod(path, stat.S_IRWXU)
    home.environ["PATH"] = f"{os.path.dirname(path)}:{home.environ['PATH']}"


def test_the_journal_has_what_the_file_lost(home: Home) -> None:
    journal(home, "one", "two", own="Run x began.")
    run_id = home.record(
        "a", log_path="/nonexistent/a.log", unit="docket-a.service", invocation_id=INVOCATION
    )
    found = logs.read(home.session, run_id)
    document = require_valid("logs", found.document())
    assert (document["source"], document["content"], document["path"]) == (
        "journal",
        "one\ntwo\n",
        None,
    )
    assert logs.read(home.session, run_id, tail=1).content == b"two\n"
    assert refusal(home, run_id, source="file")["status"] == "log_missing"


def test_a_run_that_printed_nothing_has_an_empty_log(home: Home) -> None:
    found = logs.read(home.session, home.record("a"))
    assert require_valid("logs", found.document())["content"] == ""


def test_a_run_that_has_printed_nothing_yet_has_an_empty_log(home: Home) -> None:
    run_id = home.record("a", "running", log_path="/nonexistent/a.log")
    lock = RunLock(home.paths.lock_dir, run_id)
    assert logs.read(home.session, run_id).content == b""
    lock.release()


def test_of_a_log_that_a_full_disk_cut_the_journal_has_the_rest(home: Home) -> None:
    problem = {"log_problem": "The log file could not be written: No space left on device."}
    path = home.file(os.path.join(home.paths.log_dir, "a.log"), "one\n")
    known: dict[str, Any] = {
        "unit": "docket-a.service",
        "invocation_id": INVOCATION,
        "details": problem,
    }
    cut = home.record("a", log_path=path, **known)
    never = home.record("a", **known)
    assert logs.read(home.session, cut).content == (
        b"one\n[docket: the log ends here: " + problem["log_problem"].encode() + b"]\n"
    )
    assert "No space left" in refusal(home, never)["hint"]
    journal(home, "one", "two", "three")
    for run_id in (cut, never):
        assert logs.read(home.session, run_id).content == b"one\ntwo\nthree\n"


def test_a_journal_that_dropped_lines_says_so(home: Home) -> None:
    journal(home, *["x" * 99] * 10)
    path = home.file(os.path.join(home.paths.log_dir, "a.log"), "x" * 6000)
    known: dict[str, Any] = {
        "unit": "docket-a.service",
        "invocation_id": INVOCATION,
        "log_path": path,
    }
    cut = home.record("a", output_bytes=6000, **known)
    whole = home.record("a", output_bytes=1010, **known)
    note = f"[docket: the journal lacks about 5000 bytes of this run; docket logs {cut} "
    for options in ({"source": "journal"}, {"since_us": 0}):
        assert note in logs.read(home.session, cut, **options).content.decode()
        assert b"docket:" not in logs.read(home.session, whole, **options).content


def test_a_run_by_hand_has_nothing_in_the_journal(home: Home) -> None:
    journal(home, "lines of the session that started the run")
    run_id = home.record("a", invocation_id=INVOCATION)
    assert refusal(home, run_id, source="journal")["status"] == "no_log"


def test_a_journal_that_was_rotated_is_not_an_empty_log(home: Home) -> None:
    journal(home, own="Run x began.")
    run_id = home.record("a", unit="docket-a.service", invocation_id=INVOCATION)
    assert refusal(home, run_id, source="journal")["status"] == "log_missing"


def test_if_neither_has_the_log_the_error_names_the_file(home: Home) -> None:
    home.environ["PATH"] = "/nonexistent"
    run_id = home.record(
        "a", log_path="/nonexistent/a.log", unit="docket-a.service", invocation_id=INVOCATION
    )
    assert refusal(home, run_id)["path"] == "/nonexistent/a.log"


def test_the_store_is_where_the_config_says(home: Home) -> None:
    elsewhere = os.path.join(home.paths.user_home, "elsewhere.db")
    run_id = home.record("a")
    os.rename(home.paths.state_db, elsewhere)
    home.config(f"state_dir: {elsewhere}\n{CONFIG}")
    assert [run.run_id for run in history.runs(home.session).runs] == [run_id]


def test_a_config_that_is_unsafe_is_an_error_of_its_own(home: Home) -> None:
    home.config(CONFIG)
    os.chmod(home.paths.config, 0o666)
    from docket.app.catalog.lookup import load_config

    with pytest.raises(ConfigError):
        load_config(home.session)


def test_a_row_is_closed_as_killed_once_and_a_final_one_never(home: Home) -> None:
    done = home.record("a")
    hanging = home.record("b", "running")
    path = home.paths.state_db
    assert not close_killed(path, done, signal_number=9, now_us=NOW_US)
    assert close_killed(path, hanging, signal_number=9, now_us=0)
    assert not close_killed(path, hanging, signal_number=15, now_us=NOW_US)
    newest = history.runs(home.session, "b").runs[0]
    assert (newest.status, newest.error_code) == ("killed", "runner_killed")
    assert newest.summary.endswith("SIGKILL")
    assert newest.finished_us == newest.started_us
    broken = home.file(path + ".broken", "no database " * 100)
    assert not close_killed(broken, done, signal_number=9, now_us=NOW_US)

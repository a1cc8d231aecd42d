"""A round of maintenance: merged, closed, judged, pruned, and honest about what it could not do."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path

import pytest

from docket.app.fires.maintain import maintain
from docket.app.fires.pruning import Pruned
from docket.app.history import logs
from docket.app.record.runrequests import Launcher
from docket.app.runs.options import RunOptions
from docket.app.runs.start import start
from docket.app.status import status
from docket.cli.render.maintain import upkeep_text
from docket.errors import RunLogError, RunPrunedError
from docket.runfiles import ALL, DETAILS, LOCK, run_file
from docket.runner.record.locks import RunLock
from docket.store.holders import open_holder
from docket.store.logfiles import log_path
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

DAY = 86_400_000_000
CONFIG = """
defaults:
  retention: {days: 30}
tasks:
  tick:
    type: command
    command: [/bin/true]
    retention: {runs: 2}
  tock:
    type: command
    command: [/bin/true]
"""


def test_each_task_keeps_what_its_retention_says_over_the_defaults(home: Home) -> None:
    home.config(CONFIG)
    for days in (1, 2, 3, 40):
        home.record("tick", "skipped", at=NOW_US - days * DAY)
        home.record("tock", "skipped", at=NOW_US - days * DAY)
    done = maintain(home.session)
    assert require_valid("maintain", done.document())["pruned"] == {"tick": 2, "tock": 1}
    assert done.ok
    assert maintain(home.session).pruned.runs == {}


@pytest.mark.parametrize("kept", [*ALL])
def test_no_file_of_a_run_that_is_over_is_kept(home: Home, kept: str) -> None:
    home.config(CONFIG)
    over = home.record("tick")
    path = home.file(run_file(home.paths.lock_dir, over, kept), "{}")
    maintain(home.session)
    assert not os.path.exists(path)


def test_the_files_of_a_run_that_somebody_works_on_are_kept(home: Home) -> None:
    home.config(CONFIG)
    over, under_way = home.record("tick"), home.record("tock", "running")
    files = [run_file(home.paths.lock_dir, run_id, DETAILS) for run_id in (over, under_way)]
    for path in files:
        home.file(path, "{}")
    locks = [RunLock(home.paths.lock_dir, run_id) for run_id in (over, under_way)]
    maintain(home.session)
    assert [os.path.exists(path) for path in files] == [True, True]
    for lock in locks:
        lock.release()


def test_a_runner_killed_in_its_hooks_leaves_no_secret_behind(home: Home) -> None:
    gate = home.paths.home + "/gate"
    home.config(
        "tasks: {h: {type: command, command: [/bin/true], inputs: {api_token: x},"
        f" on_success: 'while ! test -e {gate}; do sleep 0.02; done'}}}}"
    )
    options = RunOptions(launcher=Launcher.DIRECT, params=(("api_token", "hunter2secretvalue"),))
    session = home.session.replace(now_us=lambda: time.time_ns() // 1000)
    run_id = start(session, "h", options).run_id
    runs = os.path.join(home.paths.lock_dir, "runs")

    def in_its_hook() -> bool:
        return os.path.exists(run_file(home.paths.lock_dir, run_id, DETAILS))

    deadline = time.monotonic() + 60
    while not in_its_hook() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert in_its_hook()
    holder = open_holder(run_file(home.paths.lock_dir, run_id, LOCK))
    assert holder is not None
    signal.pidfd_send_signal(holder[1], signal.SIGKILL)
    select.select([holder[1]], [], [], 10)
    os.close(holder[1])
    assert b"hunter2secretvalue" in b"".join(p.read_bytes() for p in Path(runs).iterdir())
    maintain(session)
    home.file(gate, "")
    assert os.listdir(runs) == []


def test_the_whole_wal_is_in_the_database_afterwards_while_runners_have_it_open(
    home: Home,
) -> None:
    home.config(CONFIG)
    run_id = home.record("tick")
    runner = open_for_writing(home.paths.state_db, 1.0)  # closing would not be the last to close
    home.record("tock")
    wal = Path(home.paths.state_db + "-wal")
    assert wal.stat().st_size > 0
    assert maintain(home.session).ok
    assert wal.stat().st_size == 0
    copy = Path(home.paths.home, "copy.db")
    copy.write_bytes(Path(home.paths.state_db).read_bytes())
    with open_reader(str(copy)) as reader:
        assert reader.run(run_id) is not None
        assert len(reader.runs()) == 2
    runner.close()


PLAIN = "tasks: {tick: {type: command, command: [/bin/true]}}"


def test_without_retention_a_year_or_a_thousand_runs_are_kept_whichever_is_more(
    home: Home,
) -> None:
    home.config(PLAIN)
    few = [home.record("yearly", "skipped", at=NOW_US - days * DAY) for days in (1, 400, 4000)]
    for minute in range(1_000):
        home.record("tick", "skipped", at=NOW_US - 366 * DAY + minute * 60_000_000)
    beyond_both = home.record("tick", "skipped", at=NOW_US - 367 * DAY)
    young = home.record("tick", "skipped", at=NOW_US - 364 * DAY)
    done = maintain(home.session)
    assert done.pruned.runs == {"tick": 2}
    with open_reader(home.paths.state_db) as reader:
        assert reader.run(beyond_both) is None
        assert reader.run(young) is not None
        assert len(reader.runs("tick", 2_000)) == 1_000
        assert [run.run_id for run in reader.runs("yearly")] == few


def test_without_retention_logs_are_kept_for_ninety_days(home: Home) -> None:
    home.config(PLAIN)
    logs = {}
    for days in (1, 89, 91):
        path = home.file(f"{home.paths.log_dir}/{days}.log", "words")
        home.record("tick", "skipped", at=NOW_US - days * DAY, log_path=path)
        logs[days] = path
    assert maintain(home.session).pruned.runs == {}
    assert [os.path.exists(path) for path in logs.values()] == [True, True, False]


def test_a_log_that_went_before_its_run_is_said_to_be_pruned(home: Home) -> None:
    home.config("tasks: {tick: {type: command, command: [/bin/true]}}")
    path = log_path(home.paths.log_dir, "x")
    old = home.record("tick", at=NOW_US - 91 * DAY, log_path=path)
    home.record("tick", at=NOW_US - DAY)
    home.file(path, "words")
    assert require_valid("maintain", maintain(home.session).document())["logs_pruned"] == {
        "tick": 1
    }
    with pytest.raises(RunLogError) as caught:
        logs.read(home.session, old)
    assert caught.value.code == "run.log_pruned"


def test_log_days_alone_leaves_the_history_as_it_is_without_retention(home: Home) -> None:
    home.config(PLAIN.replace("}}", ", retention: {log_days: 5}}}"))
    path = home.file(f"{home.paths.log_dir}/x.log", "words")
    home.record("tick", "skipped", at=NOW_US - 6 * DAY, log_path=path)
    assert maintain(home.session).pruned.runs == {}
    assert not os.path.exists(path)


def test_with_days_in_the_config_a_log_is_kept_as_long_as_its_run(home: Home) -> None:
    home.config(PLAIN.replace("}}", ", retention: {days: 36500}}}"))
    path = home.file(f"{home.paths.log_dir}/x.log", "words")
    home.record("tick", "skipped", at=NOW_US - 4000 * DAY, log_path=path)
    assert maintain(home.session).pruned == Pruned()
    assert os.path.exists(path)


def test_the_history_of_a_task_that_is_gone_is_kept_as_the_defaults_say(home: Home) -> None:
    home.config(CONFIG)
    for days in (1, 29, 31):
        home.record("gone", "skipped", at=NOW_US - days * DAY)
    assert maintain(home.session).pruned.runs == {"gone": 1}


def test_nothing_of_a_task_that_cannot_be_used_is_pruned(home: Home) -> None:
    home.config(CONFIG + "  bad: {type: command, command: [/bin/true], retry: -1}\n")
    home.record("bad", "skipped", at=NOW_US - 4000 * DAY)
    assert maintain(home.session).pruned.runs == {}


def test_the_first_removal_of_history_is_reported_once(home: Home) -> None:
    home.config(CONFIG)
    assert maintain(home.session).pruned.notice is None
    home.record("tock", "skipped", at=NOW_US - 31 * DAY)
    done = maintain(home.session)
    notice = require_valid("maintain", done.document())["first_prune"]
    assert "for the first time: 1 runs" in str(notice)
    assert str(notice) in upkeep_text(done)
    home.record("tock", "skipped", at=NOW_US - 32 * DAY)
    again = maintain(home.session)
    assert again.pruned == Pruned({"tock": 1})
    assert "first time" not in upkeep_text(again)


def test_a_broken_config_prunes_nothing_and_says_so(home: Home) -> None:
    home.config(CONFIG)
    home.record("tick", "skipped", at=NOW_US - 400 * DAY)
    home.config("tasks: [")
    done = maintain(home.session)
    assert not done.ok
    assert done.pruned == Pruned()
    assert "Nothing was pruned" in done.problems[0]


def test_a_home_without_runs_gets_no_record(home: Home) -> None:
    home.config(CONFIG)
    assert maintain(home.session).ok
    assert not os.path.exists(home.paths.state_db)


def test_the_log_of_a_pruned_run_is_said_to_be_pruned(home: Home) -> None:
    home.config(CONFIG)
    old = home.record("tock", at=NOW_US - 50 * DAY, status="skipped")
    maintain(home.session)
    with pytest.raises(RunPrunedError, match="pruned") as caught:
        logs.read(home.session, old)
    assert caught.value.code == "run.pruned"
    assert caught.value.facts["status"] == "pruned"
    with pytest.raises(RunPrunedError):
        status.of_run(home.session, old)

"""A round of maintenance: merged, closed, judged, pruned, and honest about what it could not do."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path

import pytest

from docket.app.fires.maintain import maintain
from docket.app.history import logs
from docket.app.record.runrequests import Launcher
from docket.app.runs.options import RunOptions
from docket.app.runs.start import start
from docket.app.status import status
from docket.errors import RunPrunedError
from docket.runfiles import ALL, DETAILS, LOCK, run_file
from docket.runner.record.locks import RunLock
from docket.store.holders import open_holder
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
    assert maintain(home.session).pruned == {}


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
    wish = RunOptions(launcher=Launcher.DIRECT, params=(("api_token", "hunter2secretvalue"),))
    session = home.session.replace(now_us=lambda: time.time_ns() // 1000)
    run_id = start(session, "h", wish).run_id
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


def test_without_retention_everything_is_kept(home: Home) -> None:
    home.config("tasks: {tick: {type: command, command: [/bin/true]}}")
    home.record("tick", "skipped", at=NOW_US - 4000 * DAY)
    assert maintain(home.session).pruned == {}


def test_a_broken_config_prunes_nothing_and_says_so(home: Home) -> None:
    home.config(CONFIG)
    home.record("tick", "skipped", at=NOW_US - 400 * DAY)
    home.config("tasks: [")
    done = maintain(home.session)
    assert not done.ok
    assert done.pruned == {}
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

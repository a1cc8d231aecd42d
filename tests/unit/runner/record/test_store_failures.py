"""The store never stops a job, and no record is lost by it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.errors import StoreError
from docket.model.states import RunStatus
from docket.paths import discover
from docket.store.reader import open_reader
from docket.store.spool import merge, spool_directories
from tests.unit.runner.runner_home import Home, wait_until


def spools(home: Home) -> list[str]:
    return spool_directories(str(home.state_db), str(home.lock_dir))


def test_a_locked_database_delays_the_record_and_not_the_job(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo ran", hooks=[("on_success", "echo hook")])
    home.run("job")
    holder = sqlite3.connect(home.state_db, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert any("locked" in warning for warning in result["warnings"])
    assert list((home.path / "spool").glob("*.json"))
    holder.execute("COMMIT")
    holder.close()
    assert merge(str(home.state_db), spools(home)) == 1
    run = home.ask(lambda reader: reader.run(result["run_id"]))
    assert run.status is RunStatus.SUCCEEDED
    hooks = home.ask(lambda reader: reader.hooks(result["run_id"]))
    assert [hook.stdout for hook in hooks] == ["hook\n"]
    assert not list((home.path / "spool").iterdir())


def test_the_next_run_takes_in_what_was_spooled(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.run("job")
    (home.path / "spool").mkdir()
    home.state_db.rename(home.path / "aside")
    home.state_db.mkdir()  # nothing can open that as a database
    assert home.run("job").returncode == 0
    home.state_db.rmdir()
    (home.path / "aside").rename(home.state_db)
    assert home.run("job").returncode == 0
    assert home.counts("job") == {"succeeded": 3}


def test_a_broken_database_is_left_alone_and_the_run_is_spooled(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.state_db.write_bytes(b"this is not a database at all" * 100)
    before = home.state_db.read_bytes()
    assert home.run("job").returncode == 0
    assert home.state_db.read_bytes() == before
    record = json.loads(next((home.path / "spool").glob("*.json")).read_text())
    assert record["run"]["status"] == "succeeded"
    with pytest.raises(StoreError, match="damaged"), open_reader(str(home.state_db)):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_sends_the_record_to_the_runtime_directory(home: Home, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], check=True)
    try:
        home.state_db = disk / "state.db"
        home.log_dir = disk / "logs"
        home.plan("job", "/bin/sh", "-c", "echo ran")
        assert home.run("job").returncode == 0
        filler = disk / "filler"
        try:
            with filler.open("wb") as file:
                while True:
                    file.write(b"x" * 4096)
                    file.flush()
        except OSError:
            pass
        result = home.result("job")
        assert result["status"] == "succeeded"
        assert result["details"]["stdout"] == "ran\n"
        spooled = list((home.lock_dir / "spool").glob("*.json"))
        assert len(spooled) == 1
        filler.unlink()
        assert merge(str(home.state_db), spools(home)) == 1
        assert home.counts("job") == {"succeeded": 2}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_spooled_file_that_is_not_a_record_is_set_aside(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.run("job")
    spool = home.path / "spool"
    spool.mkdir()
    (spool / "x.json").write_text("nonsense")
    (spool / "y.json").write_text('{"spool_version": 1, "run": {}}')
    (spool / "z.json").write_text("[1]")
    assert merge(str(home.state_db), spools(home)) == 0
    assert sorted(path.name for path in spool.iterdir()) == [
        "x.json.refused",
        "y.json.refused",
        "z.json.refused",
    ]


def test_events_of_a_locked_database_are_merged_later_in_order(home: Home) -> None:
    script = home.path / "events.sh"
    script.write_text(
        'for i in 1 2 3; do echo "{\\"event\\": \\"e\\", \\"i\\": $i}"; sleep 0.3; done'
    )
    home.plan("job", "/bin/sh", str(script), output_format="jsonl")
    home.plan("first", "/bin/true")
    home.run("first")
    run = home.start("job", "--quiet")
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    holder = sqlite3.connect(home.state_db, isolation_level=None, timeout=10)
    holder.execute("BEGIN IMMEDIATE")
    assert run.wait(40) == 0
    holder.execute("COMMIT")
    holder.close()
    merge(str(home.state_db), spools(home))
    found = home.ask(lambda reader: reader.last_any("job"))
    assert found.status is RunStatus.SUCCEEDED
    events = home.ask(lambda reader: reader.events(found.run_id))
    assert [event.event["i"] for event in events] == [1, 2, 3]


def test_a_database_of_a_newer_docket_is_refused_and_the_job_runs(home: Home) -> None:
    connection = sqlite3.connect(home.state_db)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    home.plan("job", "/bin/true")
    assert home.run("job").returncode == 0
    assert list((home.path / "spool").glob("*.json"))
    with pytest.raises(StoreError, match="newer Docket"), open_reader(str(home.state_db)):
        pass


def test_an_unwritable_log_directory_does_not_stop_the_job(home: Home) -> None:
    home.log_dir.write_text("a file where a directory should be")
    home.plan("job", "/bin/echo", "hello")
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert "could not be written" in result["details"]["log_problem"]


def test_an_unwritable_lock_directory_does_not_stop_the_job(home: Home) -> None:
    home.lock_dir.mkdir(mode=0o700)
    for name in ("runs", "tasks"):
        (home.lock_dir / name).write_text("a file where a directory should be")
    home.plan("job", "/bin/true")
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert any("lock could not be taken" in warning for warning in result["warnings"])


@pytest.fixture
def holder(home: Home) -> Iterator[sqlite3.Connection]:
    """A process that holds the database of a home in which one run has ended."""
    home.plan("first", "/bin/true")
    home.run("first")
    connection = sqlite3.connect(home.state_db, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def docket(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**home.environ, "DOCKET_HOME": str(home.path)}
    line = [sys.executable, "-m", "docket", *words]
    return subprocess.run(line, env=environ, capture_output=True, text=True, check=False)


def test_a_run_that_begins_while_the_database_is_locked_is_recorded_while_it_runs(
    home: Home, holder: sqlite3.Connection
) -> None:
    home.plan("long", "/bin/sleep", "60")
    run = home.start("long")
    time.sleep(2.5)  # as long as a run waits for the database when it begins
    assert home.ask(lambda reader: reader.last_any("long")) is None
    holder.execute("COMMIT")
    row = wait_until(lambda: home.ask(lambda reader: reader.last_any("long")))
    assert (row.status, run.poll()) == (RunStatus.RUNNING, None)
    run.terminate()
    run.communicate()


def test_a_pending_run_that_the_database_refused_is_recorded_while_it_waits(
    home: Home, holder: sqlite3.Connection
) -> None:
    home.plan("long", "/bin/sleep", "60", overlap="queue")
    runs = [home.start("long"), home.start("long")]
    time.sleep(2.5)
    holder.execute("COMMIT")
    wait_until(lambda: len(home.ask(lambda reader: reader.running("long"))) == 2)
    for run in runs:
        run.terminate()
        run.communicate()


def test_a_run_without_a_row_yet_is_shown_waited_for_and_cancelled(
    home: Home, holder: sqlite3.Connection
) -> None:
    home.lock_dir = Path(discover(home.environ, home=str(home.path)).lock_dir)
    home.plan("long", "/bin/sleep", "60", grace_seconds=40.0)
    run = home.start("long")
    lock = wait_until(lambda: next(home.lock_dir.glob("runs/*.lock"), None))
    listed = json.loads(docket(home, "--json", "runs", "long").stdout)
    assert [(one["run_id"], one["status"]) for one in listed] == [(lock.stem, "running")]
    assert "running" in docket(home, "status", "long").stdout
    waited = docket(home, "wait", lock.stem, "--timeout", "0.1")
    assert "There is no run" not in waited.stderr
    assert run.poll() is None
    docket(home, "cancel", lock.stem)
    assert run.wait(20) == 130
    holder.execute("COMMIT")
    listed = json.loads(docket(home, "--json", "runs", "long").stdout)
    assert [(one["run_id"], one["status"]) for one in listed] == [(lock.stem, "cancelled")]


def test_a_run_that_is_killed_before_the_database_took_its_beginning_is_recorded_as_killed(
    home: Home, holder: sqlite3.Connection
) -> None:
    home.lock_dir = Path(discover(home.environ, home=str(home.path)).lock_dir)
    home.plan("long", "/bin/sleep", "60")
    run = home.start("long", process_group=0)
    lock = wait_until(lambda: next(home.lock_dir.glob("runs/*.lock"), None))
    wait_until(lock.read_bytes)
    run.kill()
    run.communicate()
    holder.execute("COMMIT")
    listed = json.loads(docket(home, "--json", "runs", "long").stdout)
    assert [(one["run_id"], one["status"]) for one in listed] == [(lock.stem, "lost")]
    assert not lock.exists()

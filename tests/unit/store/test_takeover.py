"""A database of docket-cli 0.2 becomes this store: nothing is lost, whatever it holds."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.errors import StoreError, StoreReferenceError
from docket.model.records import EventRecord, RunRecord
from docket.model.states import RunStatus, Trigger
from docket.store.maintenance.latecomers import has_latecomers, last_take_over, take_in
from docket.store.maintenance.salvage import salvage
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import Reader, open_reader
from docket.store.schema import VERSION
from tests.unit.store.reference_tables import event, latest, put, reference_db, run

LISTED = ("task_run_history", "task_runs", "task_run_events")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def made(
    path: Path,
    history: list[dict[str, Any]] | None = None,
    states: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
) -> Path:
    with closing(reference_db(path)) as connection:
        for table, rows in zip(LISTED, (history, states, events), strict=True):
            put(connection, table, rows or [])
    return path


def read_run(path: Path, run_id: str) -> RunRecord:
    with open_reader(str(path)) as reader:
        found = reader.run(run_id)
    assert found is not None
    return found


def read_events(path: Path, run_id: str) -> list[EventRecord]:
    with open_reader(str(path)) as reader:
        return reader.events(run_id)


def left_in(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in LISTED
        }


def test_a_run_keeps_every_value_that_it_had(path: Path) -> None:
    details = (
        '{"stdout": "h\\u00e9",  "nested": {"b": [1, 2.50, null]}, "big": 12345678901234567890}'
    )
    row = run(exit_code=3, status="failed", summary="käse\n'quoted'", details=details)
    made(path, [row], [latest(row)])
    found = read_run(path, row["run_id"])
    assert found.task == "job"
    assert found.status is RunStatus.FAILED
    assert found.started_us == 1_795_132_801_763_256
    assert found.finished_us == 1_795_132_801_764_840
    assert found.duration_seconds == pytest.approx(0.001584)
    assert found.exit_code == 3
    assert found.summary == "käse\n'quoted'"
    assert found.dry_run is False
    assert found.trigger is Trigger.UNKNOWN
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT details FROM runs").fetchone() == (details,)
    assert examine(str(path)).problems == ()


def test_the_original_file_is_kept_beside_it_only_for_its_owner(path: Path) -> None:
    made(path, [run(1), run(2)], events=[event(1, run(1)["run_id"])])
    with open_reader(str(path)):
        pass
    copy = path.with_name("state.db.before-v1")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM task_run_history ORDER BY rowid").fetchall()
    assert [dict(row) for row in rows] == [run(1), run(2)]
    assert left_in(copy)["task_run_events"] == 1


def test_files_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    home = tmp_path / ".docket"
    for directory in (home, home / "locks", home / "logs"):
        directory.mkdir(mode=0o755)
    (home / "config.yaml").touch()
    log = home / "logs" / "x.log"
    log.touch(0o644)
    path = made(home / "state.db", [run()])
    with open_reader(str(path)):
        modes = {file.name: file.stat().st_mode & 0o777 for file in home.glob("state.db*")}
    assert set(modes.values()) == {0o600}
    for directory in (home, home / "locks", home / "logs"):
        assert directory.stat().st_mode & 0o777 == 0o700
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_directory_that_is_not_a_home_of_docket_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with open_reader(str(made(tmp_path / "state.db", [run()]))):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_the_take_over_is_noted_once(path: Path) -> None:
    made(path, [run(1), run(2, "other")], events=[event(1, run(1)["run_id"])])
    found = last_take_over(str(path))
    assert found is not None
    assert (found.runs, found.events, found.tasks) == (2, 1, 2)
    assert found.backup == f"{path}.before-v1"
    assert last_take_over(str(path)) == found


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-20T00:00:01+00:00", 1_795_132_801_000_000),
        ("2026-11-20T00:00:01.5+00:00", 1_795_132_801_500_000),
        ("2026-11-20T02:00:01.000007+02:00", 1_795_132_801_000_007),
        ("2026-11-20 00:00:01", 1_795_132_801_000_000),
        ("2026-11-20T00:00:01.123456Z", 1_795_132_801_123_456),
        ("1969-12-31T23:59:59.999999+00:00", -1),
    ],
)
def test_an_instant_of_any_zone_and_precision_is_the_same_instant(
    path: Path, text: str, micros: int
) -> None:
    made(path, [run(started_at=text)], events=[event(1, run()["run_id"], timestamp=text)])
    assert read_run(path, run()["run_id"]).started_us == micros
    (found,) = read_events(path, run()["run_id"])
    assert (found.at_us, found.timestamp) == (micros, text)


def test_an_instant_that_is_none_is_kept_in_the_details(path: Path) -> None:
    made(path, [run(started_at="yesterday", finished_at="2026-13-77T99:00:00.000000+00:00")])
    found = read_run(path, run()["run_id"])
    assert found.started_us == 1_795_132_801_000_000  # from its id
    assert found.details["taken_over"]["started_at"] == "yesterday"
    assert found.details["taken_over"]["finished_at"] == "2026-13-77T99:00:00.000000+00:00"
    assert found.status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("word", [status.value for status in RunStatus if status.final])
def test_every_final_status_keeps_its_word(path: Path, word: str) -> None:
    made(path, [run(status=word)])
    assert read_run(path, run()["run_id"]).status == word


def test_a_word_that_is_not_a_status_is_a_failure_that_names_it(path: Path) -> None:
    made(path, [run(status="exploded")])
    found = read_run(path, run()["run_id"])
    assert found.status is RunStatus.FAILED
    assert found.details["taken_over"] == {"status": "exploded"}


def test_a_run_whose_worker_is_dead_is_lost_and_never_left_running(path: Path) -> None:
    """The reference leaves a row `running` for ever when its worker is killed."""
    log = path.with_name("x.log")
    log.write_text("some")
    os.utime(log, ns=(0, 1_795_132_900_000_000_000))
    details = json.dumps({"mode": "async", "pid": 2**22 + 1, "log_path": str(log)})
    made(path, [run(status="running", finished_at=None, exit_code=None, details=details)])
    found = read_run(path, run()["run_id"])
    assert found.status is RunStatus.LOST
    assert found.error_code == "lost"
    assert found.finished_us == 1_795_132_900_000_000  # when it last wrote
    assert found.trigger is Trigger.ASYNC
    assert found.log_path == str(log)
    assert found.details["taken_over"] == {"status": "running"}
    with open_reader(str(path)) as reader:
        assert reader.running() == []
        assert reader.consecutive_failures("job") == 1


def test_a_process_that_took_over_the_number_of_a_worker_is_not_taken_for_it(path: Path) -> None:
    """PID reuse: the reference mistakes any process with the number for its worker."""
    details = json.dumps({"mode": "async", "pid": os.getpid()})
    made(path, [run(status="running", finished_at=None, exit_code=None, details=details)])
    assert read_run(path, run()["run_id"]).status is RunStatus.LOST


def test_a_cancel_that_never_came_to_an_end_is_cancelled(path: Path) -> None:
    """The reference leaves `cancel_requested` for ever if it takes a zombie for alive."""
    made(path, [run(status="cancel_requested", finished_at=None, exit_code=None)])
    found = read_run(path, run()["run_id"])
    assert found.status is RunStatus.CANCELLED
    assert found.exit_code == 130


@pytest.mark.parametrize(("code", "status"), [(0, "succeeded"), (1, "failed")])
def test_an_end_that_the_launcher_wrote_over_is_the_end_again(
    path: Path, code: int, status: str
) -> None:
    """W7: the lost-update race on --async leaves `running` beside an end and an exit code."""
    made(path, [run(status="running", exit_code=code)])
    found = read_run(path, run()["run_id"])
    assert found.status == status
    assert found.finished_us == 1_795_132_801_764_840


def test_a_worker_at_work_writes_its_end_where_it_always_did_and_it_is_taken_in(path: Path) -> None:
    run_id = run()["run_id"]
    worker = subprocess.Popen(
        [sys.executable, "-c", "input()", "--run-id", run_id, "job"], stdin=subprocess.PIPE
    )
    try:
        details = json.dumps({"mode": "async", "pid": worker.pid})
        row = run(status="running", finished_at=None, exit_code=None, details=details)
        made(path, [row], events=[event(1, run_id)])
        old = sqlite3.connect(path, isolation_level=None)
        assert read_run(path, run_id).status is RunStatus.RUNNING
        assert take_in(str(path)) == 0
        changed = old.execute(
            "UPDATE task_run_history SET status = 'failed', exit_code = 1, finished_at = ? "
            "WHERE run_id = ?",
            (run()["finished_at"], run_id),
        )
        assert changed.rowcount == 1
        put(old, "task_run_events", [event(1, run_id), event(2, run_id)])
        assert take_in(str(path)) == 0
        found = read_run(path, run_id)
        assert (found.status, found.exit_code) == (RunStatus.FAILED, 1)
        assert [each.event_index for each in read_events(path, run_id)] == [1, 2]
        assert sum(left_in(path).values()) == 0
        old.close()
    finally:
        worker.communicate(b"\n")


def test_what_the_old_program_records_later_is_taken_in(path: Path) -> None:
    made(path, [run(1)], [latest(run(1))])
    with open_reader(str(path)) as reader:
        assert not has_latecomers(reader)
    old = sqlite3.connect(path, isolation_level=None)
    later = run(2, status="failed", exit_code=1)
    put(old, "task_run_history", [later])
    put(old, "task_runs", [latest(later)])
    put(old, "task_run_events", [event(1, later["run_id"])])
    old.close()
    with open_reader(str(path)) as reader:
        assert has_latecomers(reader)
    assert take_in(str(path)) == 1
    with open_reader(str(path)) as reader:
        assert [each.run_id for each in reader.runs()] == [later["run_id"], run(1)["run_id"]]
        assert reader.latest()["job"].run_id == later["run_id"]
        assert reader.consecutive_failures("job") == 1
        assert len(reader.events(later["run_id"])) == 1
        assert not has_latecomers(reader)
    assert examine(str(path)).problems == ()


def test_a_dry_run_stays_one_and_hides_no_real_run(path: Path) -> None:
    """In the reference a dry run takes the place of the latest state, and hides a failure."""
    real, dry = run(1, status="failed", exit_code=1), run(2, dry_run=1, exit_code=2)
    made(path, [real, dry], [latest(dry)])
    with open_reader(str(path)) as reader:
        assert [(each.dry_run, each.exit_code) for each in reader.runs()] == [(True, 2), (False, 1)]
        assert reader.latest()["job"].run_id == real["run_id"]
        assert reader.consecutive_failures("job") == 1


def test_a_task_that_has_only_a_latest_state_keeps_it(path: Path) -> None:
    whole = latest(run(1), task_name="a")
    bare = latest(run(2), task_name="b", run_id=None, started_at=None, exit_code=1)
    made(path, [], [whole, bare])
    with open_reader(str(path)) as reader:
        found = reader.latest()
    assert found["a"].run_id == run(1)["run_id"]
    assert found["a"].status is RunStatus.SUCCEEDED
    assert found["b"].status is RunStatus.FAILED
    assert found["b"].duration_seconds == pytest.approx(0.001584)
    assert found["b"].details["taken_over"] == {"from": "the latest state of the task"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (None, {}),
        ("", {"details_text": ""}),
        ("{broken", {"details_text": "{broken"}),
        ("[1, 2]", {"details_value": [1, 2]}),
        ('{"a": 1}\0{"b": 2}', {"details_text": '{"a": 1}\0{"b": 2}'}),
        ('{"a": "\\u0000\\ud800"}', {"a": "\0\ud800"}),
        ('{"a": NaN}', None),
        (b"\xff\x00", {"details_text": "\\xff\0"}),
    ],
)
def test_details_that_are_not_a_json_object_are_wrapped_and_not_lost(
    path: Path, text: Any, kept: dict[str, Any] | None
) -> None:
    made(path, [run(details=text)])
    found = read_run(path, run()["run_id"])
    if kept is None:
        assert str(found.details["a"]) == "nan"
    else:
        assert found.details == kept


def test_details_of_twenty_megabytes_come_along(path: Path) -> None:
    details = json.dumps({"stdout": "x" * 20_000_000})
    made(path, [run(details=details)])
    assert len(read_run(path, run()["run_id"]).details["stdout"]) == 20_000_000


@pytest.mark.parametrize("run_id", ["x", "../../etc/passwd", "ein lauf", "zeile\nzwei", "🦊" * 99])
def test_a_run_id_of_any_shape_is_found_and_harms_nothing(path: Path, run_id: str) -> None:
    made(path, [run(run_id=run_id, task_name="../a b")], events=[event(1, run_id)])
    assert read_run(path, run_id).task == "../a b"
    assert len(read_events(path, run_id)) == 1
    with closing(open_for_writing(f"{path}.other", 1.0)) as other:
        assert salvage(str(path), other) == 1


def test_events_with_one_number_are_all_kept_in_order(path: Path) -> None:
    run_id = run()["run_id"]
    rows = [event(1, run_id), event(2, run_id), event(1, run_id, event='{"again": 1}')]
    made(path, [run()], events=rows)
    found = read_events(path, run_id)
    assert [each.event_index for each in found] == [1, 2, 3]
    assert [each.event for each in found] == [
        {"event": "step", "n": 1},
        {"again": 1},
        {"event": "step", "n": 2},
    ]


def test_events_of_a_run_that_was_never_recorded_get_one(path: Path) -> None:
    made(path, [], events=[event(1, "gone"), event(2, "gone", event="no json")])
    found = read_run(path, "gone")
    assert (found.status, found.task) == (RunStatus.LOST, "job")
    assert [each.event for each in read_events(path, "gone")] == [
        {"event": "step", "n": 1},
        {"details_text": "no json"},
    ]


def test_a_database_with_one_table_alone_is_taken_over(path: Path) -> None:
    made(path, [run()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE task_runs")
        connection.execute("DROP TABLE task_run_events")
    assert read_run(path, run()["run_id"]).status is RunStatus.SUCCEEDED


def test_an_empty_database_of_docket_cli_is_taken_over(path: Path) -> None:
    made(path)
    with open_reader(str(path)) as reader:
        assert reader.runs() == []
    assert examine(str(path)).problems == ()


def test_a_job_does_not_wait_for_a_take_over(path: Path) -> None:
    made(path, [run()])
    before = path.read_bytes()
    with pytest.raises(StoreReferenceError):
        open_for_writing(str(path), 1.0, upgrade=False)
    assert path.read_bytes() == before


def test_a_writer_that_holds_the_database_is_reported_and_nothing_is_changed(path: Path) -> None:
    made(path, [run()])
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_for_writing(str(path), 0.1)
        old.execute("COMMIT")
    assert left_in(path)["task_run_history"] == 1
    assert read_run(path, run()["run_id"]).status is RunStatus.SUCCEEDED
    copies = [file.name for file in path.parent.iterdir() if "before" in file.name]
    assert copies == ["state.db.before-v1"]  # what was copied before was still the same


def test_a_second_take_over_after_going_back_keeps_both_copies(path: Path) -> None:
    made(path, [run(1)])
    with open_reader(str(path)):
        pass
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(path.with_name("state.db.before-v1").read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        put(old, "task_run_history", [run(2)])
    found = last_take_over(str(path))
    assert found is not None
    assert found.backup == f"{path}.before-v1-2"
    assert left_in(path.with_name("state.db.before-v1"))["task_run_history"] == 1
    assert left_in(path.with_name("state.db.before-v1-2"))["task_run_history"] == 2


def test_two_commands_at_once_take_over_once(path: Path) -> None:
    made(path, [run(number) for number in range(1, 3000)])
    code = (
        "import sys; from docket.store.reader import open_reader\n"
        "with open_reader(sys.argv[1]) as reader: print(len(reader.runs(None, 9999)))"
    )
    commands = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert {command.communicate()[0].strip() for command in commands} == {"2999"}
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM audit").fetchone()
    assert found == (1,)
    names = sorted(file.name for file in path.parent.iterdir() if "." in file.name)
    assert [name for name in names if not name.endswith(("-wal", "-shm"))] == [
        "state.db",
        "state.db.before-v1",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("room", [64, 1100, 1700])
def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, room: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], check=True)
    try:
        path = made(disk / "state.db", [run(number) for number in range(1, 2000)])
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
        (disk / "filler").write_bytes(b"x" * (free - room * 1024))
        with pytest.raises(StoreError, match="full") as caught, open_reader(str(path)):
            pass
        assert caught.value.hint
        assert left_in(path)["task_run_history"] == 1999
        assert not list(disk.glob("*.new"))
        (disk / "filler").unlink()
        with open_reader(str(path)) as reader:
            assert len(reader.runs(None, 5000)) == 1999
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_directory_that_takes_no_copy_gives_one_sentence(path: Path) -> None:
    made(path, [run()])
    path.with_name("state.db.before-v1.new").mkdir()
    with pytest.raises(StoreError) as caught, open_reader(str(path)):
        pass
    assert str(path) in caught.value.sentence
    assert left_in(path)["task_run_history"] == 1


def test_a_take_over_that_is_killed_at_any_moment_left_the_old_or_the_new(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole.db", [run(number) for number in range(1, 4000)])
    with closing(sqlite3.connect(whole)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    code = "import sys; from docket.store.reader import check; check(sys.argv[1])"
    outcomes = set()
    for delay in range(24):
        path = tmp_path / f"{delay}" / "state.db"
        path.parent.mkdir()
        path.write_bytes(whole.read_bytes())
        command = subprocess.Popen([sys.executable, "-c", code, str(path)])
        try:
            command.wait(timeout=0.05 + delay * 0.012)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
        with closing(sqlite3.connect(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            kept = connection.execute("SELECT count(*) FROM task_run_history").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert (version, kept, "runs" in tables) in {(0, 3999, False), (VERSION, 0, True)}
        outcomes.add(version)
        with open_reader(str(path)) as reader:
            assert len(reader.runs(None, 5000)) == 3999
        copy = path.with_name("state.db.before-v1")
        assert left_in(copy)["task_run_history"] == 3999
    assert 0 in outcomes


def test_readers_of_a_taken_over_store_do_not_look_for_more(path: Path) -> None:
    with closing(open_for_writing(str(path), 1.0)) as connection:
        assert not has_latecomers(Reader(connection, 0))

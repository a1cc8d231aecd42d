"""The store on its own: immutable history, private files, refusals in one sentence."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.errors import StoreError, StoreForeignError, StoreNewerError
from docket.model.rows import AttemptRow, HookRow, RunRow
from docket.model.runid import is_run_id, make_run_id
from docket.model.states import RunStatus
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.reader import check, open_reader
from docket.store.rows import (
    has_succeeded_for,
    started_hooks,
    write_attempts,
    write_events,
    write_hook,
    write_run,
)
from docket.store.schema import VERSION
from docket.store.selection import Selection

SECOND = 1_000_000


def row(number: int = 1, task: str = "job", **values: Any) -> RunRow:
    started = 1_777_000_000 * SECOND + number * SECOND
    known: dict[str, Any] = {
        "run_id": make_run_id(started, number.to_bytes(4, "big")),
        "task": task,
        "trigger": "manual",
        "started_at": started,
        "finished_at": started + SECOND,
        "status": "succeeded",
        "exit_code": 0,
        "details": {"n": number},
    }
    return RunRow(**{**known, **values})


def store(path: Path, *rows: RunRow) -> str:
    connection = open_for_writing(str(path), 1.0)
    with Transaction(connection, durable=True):
        for one in rows:
            write_run(connection, one)
    connection.close()
    return str(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = row(scheduled_for=5, unit="docket-job.service", cpu_us=1500, blocked_by="x")
    path = store(tmp_path / "state.db", written)
    with open_reader(path) as reader:
        found = reader.run(written.run_id)
    assert found is not None
    assert (found.task, found.status, found.trigger) == ("job", RunStatus.SUCCEEDED, "manual")
    assert (found.duration_seconds, found.cpu_seconds) == (1.0, 0.0015)
    assert (found.scheduled_for_us, found.details) == (5, {"n": 1})


def test_a_finished_run_never_changes(tmp_path: Path) -> None:
    first = row()
    path = store(tmp_path / "state.db", first)
    changed = row(task="other", status="failed")
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        store(tmp_path / "state.db", changed)
    with open_reader(path) as reader:
        found = reader.run(first.run_id)
    assert found is not None
    assert (found.task, found.status) == ("job", "succeeded")


def test_a_running_row_is_completed_in_place(tmp_path: Path) -> None:
    begun = row(status="running", finished_at=None, exit_code=None)
    store(tmp_path / "state.db", begun)
    path = store(tmp_path / "state.db", row())
    with open_reader(path) as reader:
        assert [run.status for run in reader.runs()] == ["succeeded"]
        assert reader.running() == []


def test_runs_come_newest_first_and_bounded(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db", *(row(n, "ab"[n % 2]) for n in range(10)))
    with open_reader(path) as reader:
        assert [run.details["n"] for run in reader.runs(limit=3)] == [9, 8, 7]
        assert [run.details["n"] for run in reader.runs("a", limit=2)] == [8, 6]
        assert reader.runs("nobody") == []


def test_latest_is_the_last_run_that_really_ran(tmp_path: Path) -> None:
    path = store(
        tmp_path / "state.db",
        row(1),
        row(2, status="failed", exit_code=1),
        row(3, status="skipped"),
        row(4, dry_run=True),
        row(5, status="running", finished_at=None),
    )
    with open_reader(path) as reader:
        assert [run.details["n"] for run in reader.latest().values()] == [2]
        assert list(reader.latest("job")) == ["job"]
        assert reader.latest("nobody") == {}
        assert reader.consecutive_failures("job") == 1
        last = reader.last_any("job")
        assert last is not None
        assert last.details["n"] == 5


def test_failures_in_a_row_are_counted_and_a_success_ends_them(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db", *(row(n, status="failed") for n in range(3)))
    with open_reader(path) as reader:
        assert reader.consecutive_failures("job") == 3
    store(tmp_path / "state.db", row(4))
    with open_reader(path) as reader:
        assert reader.consecutive_failures("job") == 0


def test_a_late_record_does_not_push_a_newer_run_aside(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db", row(5))
    with closing(open_for_writing(path, 1.0)) as connection, Transaction(connection):
        write_run(connection, row(2, status="failed"), late=True)
    with open_reader(path) as reader:
        assert [run.details["n"] for run in reader.latest().values()] == [5]
        assert reader.consecutive_failures("job") == 0


def test_runs_that_a_clock_dated_in_the_future_hide_no_later_ones(tmp_path: Path) -> None:
    now_us = row(100).started_at
    ahead = [row(500), row(501)]
    path = store(tmp_path / "state.db", row(1), *ahead, row(2), row(3, status="failed"))
    with open_reader(path, now_us) as reader:
        assert [run.details["n"] for run in reader.latest().values()] == [3]
        last = reader.last_any("job")
        assert last is not None
        assert last.details["n"] == 3
        assert [run.details["n"] for run in reader.runs("job")] == [3, 2, 1, 501, 500]
        assert [run.details["n"] for run in reader.runs(None, 2)] == [3, 2]
        older = Selection("job", older_than=ahead[1].run_id)
        assert [run.details["n"] for run in reader.select(older, 9)] == [500]
        older = Selection("job", older_than=reader.runs("job")[1].run_id)
        assert [run.details["n"] for run in reader.select(older, 9)] == [1, 501, 500]
        begun = [sample.started_us for sample in reader.samples("job", 9)]
        assert begun == [row(3).started_at, row(2).started_at, row(1).started_at]
        assert len(reader.durations("job", 9)) == 2


def test_attempts_events_and_hooks_belong_to_their_run(tmp_path: Path) -> None:
    one = row()
    path = store(tmp_path / "state.db", one)
    connection = open_for_writing(path, 1.0)
    hook = HookRow(position=0, kind="on_success", label="echo", started_at=7)
    with Transaction(connection):
        write_attempts(
            connection,
            one.run_id,
            [
                AttemptRow(
                    number=1,
                    started_at=1,
                    finished_at=2,
                    exit_code=0,
                    signal=None,
                    ended_by="exit",
                    peak_memory_bytes=None,
                    cpu_us=3,
                )
            ],
        )
        write_events(connection, one.run_id, [(1, 9, "T", "step", '{"a": 1}')])
        write_events(connection, one.run_id, [(1, 9, "T", "step", '{"a": 2}')])
        write_hook(connection, one.run_id, hook)
    assert started_hooks(connection, one.run_id) == {0}
    hook.state, hook.exit_code = "done", 0
    with Transaction(connection):
        write_hook(connection, one.run_id, hook)
    with pytest.raises(sqlite3.IntegrityError), Transaction(connection):
        write_hook(connection, "no such run", hook)
    connection.close()
    with open_reader(path) as reader:
        assert [a.ended_by for a in reader.attempts(one.run_id)] == ["exit"]
        assert [e.event for e in reader.events(one.run_id)] == [{"a": 1}]
        assert reader.events(one.run_id, after_index=1) == []
        assert [(h.state, h.exit_code) for h in reader.hooks(one.run_id)] == [("done", 0)]


def test_a_success_for_an_instant_is_remembered(tmp_path: Path) -> None:
    path = store(
        tmp_path / "state.db", row(1, scheduled_for=5), row(2, scheduled_for=6, status="failed")
    )
    connection = open_for_writing(path, 1.0)
    assert has_succeeded_for(connection, "job", 5)
    assert not has_succeeded_for(connection, "job", 6)
    assert not has_succeeded_for(connection, "other", 5)
    connection.close()


def test_the_files_are_private(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "er"
    connection = open_for_writing(str(directory / "state.db"), 1.0)
    with Transaction(connection):
        write_run(connection, row())
    for path in directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o700
    connection.close()


def test_a_missing_file_reads_as_empty_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with open_reader(str(path)) as reader:
        assert reader.runs() == []
        assert reader.latest() == {}
    assert not path.exists()
    assert check(str(path)) == []


def test_a_newer_file_is_refused_by_readers_and_writers_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreNewerError), open_reader(str(path)):
        pass
    with pytest.raises(StoreNewerError):
        open_for_writing(str(path), 1.0)
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    assert before[:16] == b"SQLite format 3\0"


def test_the_database_of_another_program_is_refused_and_not_one_byte_of_it_changed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE task_runs (a)")  # a name of docket-cli's, and not its table
    connection.execute("INSERT INTO task_runs VALUES ('kept')")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreForeignError, match="another program"):
        open_for_writing(str(path), 1.0)
    with pytest.raises(StoreForeignError), open_reader(str(path)):
        pass
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_gives_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught, open_reader(str(path)) as reader:
        reader.runs()
    assert str(path) in caught.value.sentence
    assert check(str(path)) == [caught.value.sentence]
    assert path.read_bytes() == content


def test_a_directory_in_the_place_of_the_file_gives_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"), open_reader(str(tmp_path)):
        pass


def test_names_with_quotes_and_unicode_are_data(tmp_path: Path) -> None:
    strange = "'; DROP TABLE runs; -- \u00e9\u4e16\U0001f600"
    path = store(tmp_path / "state.db", row(1, strange, summary=strange))
    with open_reader(path) as reader:
        assert [run.summary for run in reader.runs(strange)] == [strange]


def test_run_ids_sort_by_time_and_are_recognised() -> None:
    ids = [make_run_id(us, b"\0\1\2\3") for us in (0, 999_999, 1_777_253_400_000_000)]
    assert ids == sorted(ids)
    assert ids[2] == "20260427T013000000000Z-00010203"
    assert all(is_run_id(one) for one in ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "../../../etc/passwd",
        "20260427T013000000000Z-AB12cd34",
        "20260427T013000000000Z-",
        "20260427T013000000000Z-ab12cd3\n",
        "2026042 T013000000000Z-ab12cd34",
        "\u0662\u0660260427T013000000000Z-ab12cd34",
        "20260427T013000000000Z-ab12cd34x",
    ],
)
def test_what_is_not_a_run_id_is_refused(text: str) -> None:
    assert not is_run_id(text)


def test_a_transaction_has_the_right_to_write_from_its_beginning(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db")
    with (
        closing(open_for_writing(path, 0.0)) as first,
        closing(open_for_writing(path, 0.0)) as second,
        Transaction(first),
        pytest.raises(sqlite3.OperationalError, match="locked"),
        Transaction(second),
    ):
        pytest.fail("two transactions that write have begun")

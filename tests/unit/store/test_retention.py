"""What `retention` does not keep goes with all that belongs to it, and is remembered."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from docket.errors import StoreError
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.store.connection import Transaction
from docket.store.logfiles import log_path
from docket.store.maintenance.retention import prune, pruned_at
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.rows import write_events, write_run

DAY = 86_400_000_000
NOW = 1_790_000_000_000_000


class Shelf:
    """A store with runs and their logs."""

    def __init__(self, folder: Path) -> None:
        self.db = str(folder / "state.db")
        self.logs = str(folder / "logs")
        os.makedirs(self.logs)
        self._count = 0

    def add(self, days_ago: float, task: str = "tick", status: str = "skipped") -> str:
        """Add a run that ended so long ago, with an event and a log."""
        self._count += 1
        at = NOW - int(days_ago * DAY)
        run_id = make_run_id(at, self._count.to_bytes(4, "big"))
        row = RunRow(run_id=run_id, task=task, trigger="timer", started_at=at, status=status)
        row.finished_at = None if status == "running" else at
        connection = open_for_writing(self.db, 1.0)
        with Transaction(connection):
            write_run(connection, row)
            write_events(connection, run_id, [(1, at, None, None, "{}")])
        connection.close()
        for name in (log_path(self.logs, run_id), log_path(self.logs, run_id) + ".1"):
            Path(name).touch()
        return run_id

    def prune(self, runs: int | None = None, days: float | None = None, task: str = "tick") -> int:
        """Prune and return how many runs went."""
        before = None if days is None else NOW - int(days * DAY)
        found = prune(
            self.db, task, keep_runs=runs, before_us=before, log_dir=self.logs, now_us=NOW
        )
        return 0 if found is None else found.runs

    def ids(self, task: str | None = None) -> list[str]:
        """Return the ids that are left, newest first."""
        with open_reader(self.db) as reader:
            return [run.run_id for run in reader.runs(task, 10_000)]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_newest_runs_are_kept(shelf: Shelf) -> None:
    kept = [shelf.add(1), shelf.add(2), shelf.add(3)]
    for days in range(4, 9):
        shelf.add(days)
    assert shelf.prune(runs=3) == 5
    assert shelf.ids() == kept
    assert shelf.prune(runs=3) == 0


def test_runs_that_ended_before_the_cutoff_go_and_none_after_it(shelf: Shelf) -> None:
    hour = 1 / 24
    young, old = shelf.add(30 - hour), shelf.add(30 + hour)
    assert shelf.prune(days=30) == 1
    assert shelf.ids() == [young]
    assert old not in shelf.ids()


def test_one_rule_that_a_run_breaks_is_enough(shelf: Shelf) -> None:
    newest = shelf.add(1)
    shelf.add(2)
    shelf.add(100)
    assert shelf.prune(runs=1, days=30) == 2
    assert shelf.ids() == [newest]


def test_events_and_logs_go_with_their_run(shelf: Shelf) -> None:
    kept, gone = shelf.add(1), shelf.add(50)
    shelf.prune(days=30)
    assert sorted(os.listdir(shelf.logs)) == [f"{kept}.log", f"{kept}.log.1"]
    assert not os.path.exists(log_path(shelf.logs, gone))
    connection = sqlite3.connect(shelf.db)
    assert connection.execute("SELECT run_id FROM events").fetchall() == [(kept,)]
    connection.close()


def test_other_tasks_keep_theirs(shelf: Shelf) -> None:
    other = shelf.add(100, task="other")
    shelf.add(100)
    assert shelf.prune(days=30) == 1
    assert shelf.ids() == [other]


def test_a_run_that_goes_on_and_the_one_that_status_shows_stay(shelf: Shelf) -> None:
    running = shelf.add(99, status="running")
    last = shelf.add(98, status="failed")
    shelf.add(97)
    assert shelf.prune(runs=1, days=30) == 1
    assert set(shelf.ids()) == {running, last}


def test_thousands_of_runs_go_in_one_call(shelf: Shelf) -> None:
    connection = open_for_writing(shelf.db, 1.0)
    with Transaction(connection):
        for number in range(2_000):
            at = NOW - number * 60_000_000
            run_id = make_run_id(at, number.to_bytes(4, "big"))
            row = RunRow(run_id=run_id, task="tick", trigger="timer", started_at=at)
            row.status, row.finished_at = "skipped", at
            write_run(connection, row)
    connection.close()
    assert shelf.prune(runs=10) == 1_990
    assert len(shelf.ids()) == 10


def test_what_was_pruned_is_remembered_and_what_never_was_is_not(shelf: Shelf) -> None:
    young, first, last = shelf.add(1), shelf.add(90), shelf.add(60)
    shelf.prune(days=70)
    shelf.prune(days=30)
    with open_reader(shelf.db) as reader:
        assert pruned_at(reader, first) == NOW
        assert pruned_at(reader, last) == NOW
        assert pruned_at(reader, young) is None
        assert pruned_at(reader, make_run_id(NOW - 200 * DAY, b"\0" * 4)) is None
    connection = sqlite3.connect(shelf.db)
    notes = connection.execute("SELECT verb, task, details FROM audit").fetchall()
    connection.close()
    assert len(notes) == 1
    assert '"count": 2' in notes[0][2]


def test_a_log_that_is_a_link_is_removed_and_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    old = shelf.add(50)
    precious = tmp_path / "precious"
    precious.write_text("kept")
    os.unlink(log_path(shelf.logs, old))
    os.symlink(precious, log_path(shelf.logs, old))
    shelf.prune(days=30)
    assert precious.read_text() == "kept"


def test_a_store_that_cannot_be_written_says_so(shelf: Shelf) -> None:
    Path(shelf.db).write_text("this is no database, and it is long enough to be looked at" * 20)
    with pytest.raises(StoreError):
        shelf.prune(days=30)

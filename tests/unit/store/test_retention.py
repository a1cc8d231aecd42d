"""What `retention` does not keep goes with all that belongs to it, and is remembered."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from docket.errors import StoreError
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.store.connection import Transaction
from docket.store.logfiles import log_path
from docket.store.maintenance.oldlogs import prune_logs
from docket.store.maintenance.pruning import open_pruning
from docket.store.maintenance.retention import Keep, PrunedRuns, prune, pruned_at
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
        row.log_path = log_path(self.logs, run_id)
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
        return self.prune_by(Keep(runs, before), task).runs

    def prune_by(self, keep: Keep, task: str = "tick", most: int = 1_000_000) -> PrunedRuns:
        """Prune by a rule."""
        with closing(open_for_writing(self.db, 1.0)) as connection:
            return prune(connection, task, keep, log_dir=self.logs, now_us=NOW, most=most)

    def prune_logs(self, days: float, task: str = "tick") -> int:
        """Prune the logs of runs that ended so long ago and return how many went."""
        before = NOW - int(days * DAY)
        with closing(open_for_writing(self.db, 1.0)) as connection:
            return prune_logs(
                connection, task, before, log_dir=self.logs, now_us=NOW, most=1_000_000
            ).logs

    def logged(self) -> list[str]:
        """Return the ids of the runs that have a log, newest first."""
        names = os.listdir(self.logs)
        return sorted((name[:-4] for name in names if name.endswith(".log")), reverse=True)

    def add_many(self, count: int, events: int = 0, first: int = 0) -> None:
        """Add runs a minute apart, the newest so many minutes ago."""
        with closing(open_for_writing(self.db, 1.0)) as connection, Transaction(connection):
            for number in range(first, first + count):
                at = NOW - number * 60_000_000
                run_id = make_run_id(at, number.to_bytes(4, "big"))
                row = RunRow(run_id=run_id, task="tick", trigger="timer", started_at=at)
                row.status, row.finished_at = "skipped", at
                write_run(connection, row)
                write_events(
                    connection, run_id, [(1 + each, at, None, None, "{}") for each in range(events)]
                )

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
    shelf.add_many(2_000)
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
    Path(shelf.db).write_text("this is not a database, and it is long enough to be looked at" * 20)
    with pytest.raises(StoreError), open_pruning(shelf.db, shelf.logs, NOW):
        pass


def test_whichever_is_more_removes_only_what_is_beyond_both(shelf: Shelf) -> None:
    few_and_old = [shelf.add(days, task="yearly") for days in (1, 400, 800)]
    many_and_young = [shelf.add(days) for days in (1, 2, 3, 4)]
    old = shelf.add(400)
    both = Keep(3, NOW - 365 * DAY, whichever_is_more=True)
    assert shelf.prune_by(both, "yearly").runs == 0
    assert shelf.prune_by(both).runs == 1
    assert shelf.ids("yearly") == few_and_old
    assert shelf.ids("tick") == many_and_young
    assert old not in shelf.ids()


def test_since_when_a_task_fails_stays_right(shelf: Shelf) -> None:
    success = shelf.add(90, status="succeeded")
    first = shelf.add(80, status="failed")
    for days in range(70, 60, -1):
        shelf.add(days, status="failed")
    last = shelf.add(1, status="failed")
    assert shelf.prune(runs=1, days=30) == 10
    assert shelf.ids() == [last, first, success]
    with open_reader(shelf.db) as reader:
        assert reader.failing_since("tick") == NOW - 80 * DAY
        assert reader.consecutive_failures("tick") == 12


def test_a_success_that_once_per_counts_stays(shelf: Shelf) -> None:
    for days in (300, 20, 9, 3):
        shelf.add(days, status="succeeded")
    last = shelf.add(1, status="failed")
    month = NOW - 15 * DAY
    assert shelf.prune_by(Keep(1, successes_after_us=month)).runs == 2
    assert len(shelf.ids()) == 3
    assert shelf.ids()[0] == last


def test_a_round_ends_at_its_bound_and_says_that_there_is_more(shelf: Shelf) -> None:
    shelf.add_many(1_500)
    first = shelf.prune_by(Keep(1), most=1_000)
    assert (first.runs, first.more) == (1_000, True)
    assert shelf.prune_by(Keep(1), most=1_000) == PrunedRuns(499, more=False)


def test_each_transaction_is_bounded_however_many_events_there_are(shelf: Shelf) -> None:
    shelf.add_many(40, events=400)
    with closing(open_for_writing(shelf.db, 1.0)) as connection:
        with Transaction(connection):
            long_one = shelf.ids()[-1]
            write_events(
                connection, long_one, [(n, 1, None, None, "{}") for n in range(401, 13_000)]
            )
        before = connection.total_changes
        sizes: list[int] = []

        def note(statement: str) -> None:
            nonlocal before
            if statement == "COMMIT":
                sizes.append(connection.total_changes - before)
                before = connection.total_changes

        connection.set_trace_callback(note)
        prune(connection, "tick", Keep(1), log_dir=shelf.logs, now_us=NOW, most=1_000)
    assert len(sizes) > 5
    assert sum(sizes) > 27_000
    assert max(sizes) <= 5_600


def test_a_run_that_begins_meanwhile_is_recorded_at_once(shelf: Shelf) -> None:
    shelf.add_many(6_000, events=3)
    over = threading.Event()
    waits: list[float] = []

    def begin_runs() -> None:
        row = RunRow(run_id="x", task="other", trigger="timer", started_at=NOW, status="running")
        with closing(open_for_writing(shelf.db, 30.0)) as connection:
            while not over.is_set():
                began = time.monotonic()
                with Transaction(connection):
                    write_run(connection, row)
                waits.append(time.monotonic() - began)

    runner = threading.Thread(target=begin_runs)
    runner.start()
    try:
        shelf.prune(runs=1)
    finally:
        over.set()
        runner.join()
    assert len(waits) > 5
    assert max(waits) < 10


@pytest.mark.parametrize(
    "keep",
    [Keep(10_000), Keep(None, 1), Keep(9, 1, whichever_is_more=True), Keep(10_000, 1)],
    ids=str,
)
def test_a_look_that_finds_nothing_costs_as_much_with_ten_times_the_history(
    shelf: Shelf, keep: Keep
) -> None:
    steps: list[int] = []
    for _round in range(2):
        shelf.add_many(300 if not steps else 3_000, first=0 if not steps else 300)
        count = 0

        def one() -> int:
            nonlocal count
            count += 1
            return 0

        with closing(open_for_writing(shelf.db, 1.0)) as connection:
            connection.set_progress_handler(one, 10)
            prune(connection, "tick", keep, log_dir=shelf.logs, now_us=NOW, most=9)
            prune_logs(connection, "tick", 1, log_dir=shelf.logs, now_us=NOW, most=9)
        steps.append(count)
    bound = 2 if keep.runs is None or keep.whichever_is_more else 20  # runs are counted by index
    assert steps[1] <= bound * steps[0] + 50


def test_logs_go_before_their_runs_and_the_last_run_keeps_its_own(shelf: Shelf) -> None:
    last = shelf.add(200, status="failed")
    old, young = shelf.add(100), shelf.add(10)
    assert shelf.prune_logs(90) == 1
    assert shelf.logged() == [young, last]
    assert shelf.ids() == [young, old, last]
    assert shelf.prune_logs(90) == 0


def test_a_log_that_had_to_stay_goes_once_it_may(shelf: Shelf) -> None:
    running = shelf.add(300, status="running")
    last = shelf.add(200, status="failed")
    shelf.add(150)
    assert shelf.prune_logs(90) == 1
    assert shelf.logged() == [last, running]
    newest = shelf.add(1, status="succeeded")
    assert shelf.prune_logs(90) == 1
    assert shelf.logged() == [newest, running]


def test_no_run_is_looked_at_twice_for_its_log(shelf: Shelf) -> None:
    old = [shelf.add(100 + days) for days in range(3)]
    assert shelf.prune_logs(90) == 3
    Path(log_path(shelf.logs, old[0])).touch()
    assert shelf.prune_logs(90) == 0
    assert shelf.logged() == [old[0]]


@pytest.mark.parametrize("place", ["elsewhere", "logs/..", "logs/deeper"])
def test_no_log_outside_the_directory_of_logs_is_removed(
    shelf: Shelf, tmp_path: Path, place: str
) -> None:
    folder = tmp_path / place
    os.makedirs(folder, exist_ok=True)
    precious = folder / "precious.log"
    precious.write_text("kept")
    old = shelf.add(100)
    connection = sqlite3.connect(shelf.db)
    connection.execute("DROP TRIGGER finished_runs_are_final")
    connection.execute("UPDATE runs SET log_path = ? WHERE run_id = ?", (str(precious), old))
    connection.commit()
    connection.close()
    shelf.prune_logs(90)
    shelf.prune(days=90)
    assert precious.read_text() == "kept"


def test_a_folder_in_the_place_of_a_log_holds_nothing_up(shelf: Shelf) -> None:
    old = shelf.add(100)
    os.unlink(log_path(shelf.logs, old))
    os.mkdir(log_path(shelf.logs, old))
    assert shelf.prune(days=90) == 1


def test_the_tasks_of_a_record_are_found_without_reading_it(shelf: Shelf) -> None:
    shelf.add_many(3_000)
    shelf.add(1, task="other")
    with open_pruning(shelf.db, shelf.logs, NOW) as pruning:
        assert pruning.tasks() == ["other", "tick"]
    connection = sqlite3.connect(shelf.db)
    plan = " ".join(
        row[3]
        for row in connection.execute(
            "EXPLAIN QUERY PLAN SELECT min(task) FROM runs WHERE task > 'a'"
        )
    )
    connection.close()
    assert "SEARCH runs" in plan

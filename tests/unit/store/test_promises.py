"""What keeps a record from being lost, closed wrongly, or taken away with a file of another's."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from docket.model.ends.runnerends import End
from docket.model.states import RunStatus
from docket.store.closing import close_run
from docket.store.connection import Transaction
from docket.store.maintenance.retention import Keep, prune
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.spool import (
    _merge_one,
    merge,
    spool,
    spool_directories,
    spool_events,
    spooled_files,
)
from tests.unit.store.test_store import row, store


@contextmanager
def without_descriptors(most: int) -> Iterator[None]:
    """Let the process open no more than `most` files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_record_that_cannot_be_read_now_waits_and_is_not_set_aside(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db", row(1))
    directories = spool_directories(path, str(tmp_path / "run"))
    record = spool(directories, row(2), [], [], [])
    assert record is not None
    with closing(open_for_writing(path, 1.0)) as connection:
        lowest = os.dup(0)
        os.close(lowest)
        with without_descriptors(lowest):
            assert _merge_one(connection, record) == 0
    assert not os.path.exists(record + ".refused")
    merge(path, directories)
    with open_reader(path) as reader:
        assert reader.run(row(2).run_id) is not None


def test_a_run_never_ends_before_it_began_though_the_clock_was_set_back(tmp_path: Path) -> None:
    open_run = row(1, status="running", finished_at=None, exit_code=None)
    path = store(tmp_path / "state.db", open_run)
    end = End(RunStatus.LOST, "lost", "Nobody knows.")
    assert close_run(path, open_run.run_id, end, finished_us=5, details={})
    with open_reader(path) as reader:
        found = reader.run(open_run.run_id)
    assert found is not None
    assert found.finished_at == found.started_at


def test_pruning_removes_no_file_outside_of_the_log_directory(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    victim = tmp_path / "precious.log"
    victim.write_text("keep")
    path = store(tmp_path / "state.db", row(1, run_id="../precious"), row(2), row(3))
    with closing(open_for_writing(path, 1.0)) as connection:
        found = prune(connection, "job", Keep(1), log_dir=str(logs), now_us=1, most=9)
    assert found.runs == 2
    assert victim.read_text() == "keep"


def test_a_durable_commit_is_synced_in_full_and_the_next_one_is_not(tmp_path: Path) -> None:
    path = store(tmp_path / "state.db")
    statements: list[str] = []
    with closing(open_for_writing(path, 1.0)) as connection:
        connection.set_trace_callback(statements.append)
        with Transaction(connection, durable=True):
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert statements.index("PRAGMA synchronous = FULL") < statements.index("BEGIN IMMEDIATE")
    assert statements.index("COMMIT") < statements.index("PRAGMA synchronous = NORMAL")


def test_events_of_a_run_that_goes_on_stay_in_the_spool(tmp_path: Path) -> None:
    open_run = row(1, status="running", finished_at=None, exit_code=None)
    path = store(tmp_path / "state.db", open_run)
    directories = spool_directories(path, str(tmp_path / "run"))
    assert spool_events(directories, open_run.run_id, [(1, 1, None, None, "{}")])
    merge(path, directories)
    assert len(spooled_files(directories)) == 1
    end = End(RunStatus.LOST, "lost", "Nobody knows.")
    close_run(path, open_run.run_id, end, finished_us=5, details={})
    merge(path, directories)
    with open_reader(path) as reader:
        assert len(reader.events(open_run.run_id)) == 1

"""A store of an older Docket becomes one of this version, step by step, or stays as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.errors import StoreOlderError
from docket.model.rows import RunRow
from docket.store import migration
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.schema import VERSION
from docket.store.spool import merge, spool, spool_directories
from tests.unit.store import version_one


def shape(path: str) -> dict[str, Any]:
    """Return the columns of every table (by name, with type and keys) and the other objects."""
    with closing(sqlite3.connect(path)) as connection:
        objects = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        columns = {
            name: sorted(
                (column, kind, bool(needed or key), key)
                for _, column, kind, needed, _, key in connection.execute(
                    f"PRAGMA table_info({name})"
                )
            )
            for kind, name, _ in objects
            if kind == "table"
        }
    rest = {name: " ".join((sql or "").split()) for kind, name, sql in objects if kind != "table"}
    return {**columns, **rest}


def version(path: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_store_of_version_1_becomes_one_of_this_version_with_all_its_rows(tmp_path: Path) -> None:
    path = version_one.make(tmp_path / "state.db")
    with open_reader(path) as reader:
        run = reader.run(version_one.RUN_ID)
        assert run is not None
        assert (run.details, run.idempotency_key) == ({"n": 1}, "key")
        assert [event.event for event in reader.events(run.run_id)] == [{"event": "note"}]
        assert [attempt.cpu_seconds for attempt in reader.attempts(run.run_id)] == [5e-06]
        assert [hook.label for hook in reader.hooks(run.run_id)] == ["true"]
        assert [run.run_id for run in reader.running()] == [version_one.OPEN_ID]
        assert reader.overrides(0)["backup"][0].reason == "why"
    assert version(path) == VERSION
    assert examine(path).problems == ()


def test_an_upgraded_store_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    old, new = version_one.make(tmp_path / "old.db"), str(tmp_path / "new.db")
    for path in (old, new):
        open_for_writing(path, 1.0).close()
    assert shape(old) == shape(new)


def test_each_version_has_its_step() -> None:
    assert sorted(migration.STEPS) == list(range(2, VERSION + 1))


def test_a_copy_of_the_older_store_is_kept_private_and_whole(tmp_path: Path) -> None:
    path = version_one.make(tmp_path / "state.db")
    open_for_writing(path, 1.0).close()
    copy = tmp_path / f"state.db.before-v{VERSION}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert version(str(copy)) == 1
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_a_step_that_fails_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = version_one.make(tmp_path / "state.db")
    before = shape(path)
    monkeypatch.setitem(migration.STEPS, 2, (*migration.STEPS[2], "SELECT no_such_function()"))
    with pytest.raises(sqlite3.Error):
        open_for_writing(path, 1.0)
    assert version(path) == 1
    assert shape(path) == before


def test_many_that_open_an_older_store_at_once_upgrade_it_once(tmp_path: Path) -> None:
    path = version_one.make(tmp_path / "state.db")
    found: list[str] = []

    def read() -> None:
        with open_reader(path) as reader:
            found.extend(run.run_id for run in reader.runs())

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert [name for name in os.listdir(tmp_path) if "before" in name] == [
        f"state.db.before-v{VERSION}"
    ]


def test_a_job_upgrades_no_store_and_its_record_is_merged_by_the_next_reader(
    tmp_path: Path,
) -> None:
    path = version_one.make(tmp_path / "state.db")
    with pytest.raises(StoreOlderError):
        open_for_writing(path, 1.0, upgrade=False)
    assert version(path) == 1
    directories = spool_directories(path, str(tmp_path / "run"))
    row = RunRow(
        run_id="20260428T013000000000Z-ab12cd34",
        task="backup",
        trigger="timer",
        started_at=1777339800000000,
        finished_at=1777339801000000,
        status="failed",
        exit_code=1,
    )
    assert spool(directories, row, [], [], []) is not None
    with pytest.raises(StoreOlderError):
        merge(path, directories, upgrade=False)
    assert merge(path, directories) == 1
    with open_reader(path) as reader:
        assert reader.consecutive_failures("backup") == 1


def test_whoever_waited_for_an_upgrade_looks_at_the_file_again(tmp_path: Path) -> None:
    path = version_one.make(tmp_path / "state.db")
    second = threading.Thread(target=lambda: open_for_writing(path, 5.0).close())
    with migration.only_upgrade(path), closing(sqlite3.connect(path)) as first:
        second.start()
        inode = os.stat(f"{path}.upgrade-lock").st_ino
        while not any(
            "->" in line and f":{inode} " in line
            for line in Path("/proc/locks").read_text().splitlines()
        ):
            assert second.is_alive()
        for number in range(2, VERSION + 1):
            for statement in migration.STEPS[number]:
                first.execute(statement)
        first.execute(f"PRAGMA user_version = {VERSION}")
        first.commit()
    second.join()
    assert version(path) == VERSION
    assert not os.path.exists(f"{path}.before-v{VERSION}")  # nothing was left to upgrade

"""The file of state and queues: private, upgraded with care, and never half-read."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from docket.data import database as module
from docket.data.database import Database
from docket.data.entries import State
from docket.data.queue import Queue
from docket.errors import DataError, DataNewerError

MODE = 0o077


def test_the_file_and_its_directory_are_the_owners_only(database: Database) -> None:
    umask = os.umask(0)
    try:
        State(database, "t").set("k", 1)
    finally:
        os.umask(umask)
    home = Path(database.path).parent
    for path in (home, *home.iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & MODE, path


def test_a_newer_file_is_left_alone(database: Database) -> None:
    State(database, "t").set("k", 1)
    database.close()
    with sqlite3.connect(database.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataNewerError):
        State(Database(database.path), "t").get("k")


@pytest.mark.parametrize("make", ["garbage", "link", "pipe", "directory", "writable"])
def test_what_is_no_database_of_ours_is_refused_in_one_sentence(tmp_path: Path, make: str) -> None:
    path = tmp_path / "data.db"
    match make:
        case "garbage":
            path.write_bytes(b"no database" * 1000)
            path.chmod(0o600)
        case "link":
            path.symlink_to(tmp_path / "other.db")
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir(0o700)
        case _:
            path.touch(0o600)
            path.chmod(0o666)
    with pytest.raises(DataError) as refused:
        State(Database(str(path)), "t").set("k", 1)
    assert str(path) in refused.value.sentence
    assert not (tmp_path / "other.db").exists()


def test_a_database_that_is_locked_for_long_is_an_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    State(database, "t").set("k", 1)
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.1)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DataError, match="locked"):
        State(Database(database.path), "t").set("k", 2)
    other.execute("ROLLBACK")
    other.close()
    State(database, "t").set("k", 3)


def test_each_thread_and_each_child_has_a_connection_of_its_own(database: Database) -> None:
    state = State(database, "t")
    state.set("n", 0)
    threads = [threading.Thread(target=state.increment, args=("n",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    child = os.fork()
    if child == 0:
        state.increment("n")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for thread in threads:
        thread.join()
    state.increment("n")
    assert state.get("n") == 7


def test_a_full_disk_changes_nothing(database: Database) -> None:
    queue = Queue(database, "q")
    queue.push("first")
    with database.reading() as connection:
        assert connection is not None
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError, match="full"):
        queue.push("x" * 500_000)
    item = queue.claim_some()[0]
    assert item.payload == "first"


def test_no_link_leads_to_a_database_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(DataError, match="link"):
        State(Database(str(tmp_path / "link" / "data.db")), "t").set("k", 1)
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_nothing_is_made_in_the_directory_of_another_user(tmp_path: Path) -> None:
    home = tmp_path / "ada"
    home.mkdir(mode=0o700)
    os.chown(home, 4711, 4711)
    with pytest.raises(DataError, match="4711"):
        State(Database(str(home / ".docket" / "data.db")), "t").set("k", 1)
    assert list(home.iterdir()) == []

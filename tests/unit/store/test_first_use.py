"""Many processes meet a database that is just being made, and none mistakes it for another's."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from docket.store.migration import migrate, prepare
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader


class Interrupted(sqlite3.Connection):
    """A connection whose first look at the tables comes after another process has made them."""

    path = ""

    def execute(self, statement: str, *more: object) -> sqlite3.Cursor:
        if "sqlite_master" in statement and self.path:
            path, self.path = self.path, ""
            maker = threading.Thread(target=make, args=(path,))
            maker.start()
            maker.join()
        return super().execute(statement, *more)  # type: ignore[arg-type]


def make(path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path)
    connection.close()


def test_a_database_that_is_made_between_two_looks_is_ours(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    connection = sqlite3.connect(path, isolation_level=None, factory=Interrupted)
    connection.path = path
    prepare(connection, path)
    migrate(connection, path)
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("hold", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_database_that_another_process_is_making_is_waited_for(tmp_path: Path, hold: str) -> None:
    path = str(tmp_path / "state.db")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as maker:
        maker.execute(hold)
        maker.execute("CREATE TABLE begun (x)")
        timer = threading.Timer(0.2, maker.execute, ["ROLLBACK"])
        timer.start()
        open_for_writing(path, 30.0).close()
        timer.join()
    with open_reader(path) as reader:
        assert reader.runs() == []

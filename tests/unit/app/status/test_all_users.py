"""The tasks of all users, read by processes that have become those users."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.app.status.allusers import AllUsersStatus, UserStatus, all_users
from docket.app.status.userstore import StoreOwner, TaskLine, tasks_of
from docket.cli.render.layout.screen import Screen
from docket.cli.render.list import all_users_text
from docket.errors import UsageError
from tests.unit.runner.runner_home import Home

NOBODY = 65534
of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture
def owner() -> Iterator[StoreOwner]:
    """Return nobody with a home, whose Docket has run two tasks."""
    with tempfile.TemporaryDirectory(prefix="docket-users-") as place:
        Path(place).chmod(0o755)
        home = Home(Path(place, ".docket"))
        home.plan("good", "/bin/true")
        home.plan("bad", "/bin/false")
        for task in ("good", "bad", "bad"):
            home.run(task)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", place], check=True)
        yield StoreOwner("nobody", NOBODY, NOBODY, place)


def replaced(owner: StoreOwner) -> Path:
    """Return the path of the database, which is not there any more."""
    path = Path(owner.home, ".docket", "state.db")
    for file in path.parent.glob("state.db*"):
        file.unlink()
    return path


@of_root
def test_a_users_tasks_are_shown(owner: StoreOwner) -> None:
    found = tasks_of(owner)
    assert not isinstance(found, str), found
    told = [(line.task, line.status, line.running, line.consecutive_failures) for line in found]
    assert told == [("bad", "failed", 0, 2), ("good", "succeeded", 0, 0)]
    left = subprocess.run(["find", owner.home, "-user", "root"], capture_output=True, check=True)
    assert left.stdout == b""


@of_root
def test_a_record_is_read_with_the_rights_of_its_user(owner: StoreOwner) -> None:
    path = replaced(owner)
    path.symlink_to("/etc/shadow")
    assert "is a link" in tasks_of(owner)
    path.unlink()
    path.write_bytes(b"")
    path.chmod(0o600)
    assert "Permission denied" in tasks_of(owner)


@of_root
def test_a_broken_record_is_a_sentence(owner: StoreOwner) -> None:
    path = replaced(owner)
    assert tasks_of(owner) == ()
    path.write_bytes(b"no database at all" * 1000)
    path.chmod(0o644)
    assert "state.db" in tasks_of(owner)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    path.chmod(0o644)
    assert "another version" in tasks_of(owner)


@of_root
def test_a_pipe_in_the_place_of_a_record_keeps_nobody_waiting(owner: StoreOwner) -> None:
    os.mkfifo(replaced(owner), 0o644)
    begun = time.monotonic()
    assert isinstance(tasks_of(owner), str)
    assert time.monotonic() - begun < 60


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_only_root_sees_them() -> None:
    with pytest.raises(UsageError):
        all_users()


def test_one_broken_record_does_not_hide_the_others() -> None:
    owner = StoreOwner("ada", 1, 1, "/home/ada")
    line = TaskLine("job", "failed", "x", 1_000_000, 2_000_000, 0, 3)
    system = StoreOwner("root", 0, 0, "/root", system=True)
    found = AllUsersStatus(
        (UserStatus(system), UserStatus(owner, (line,)), UserStatus(owner, problem="It is broken."))
    )
    assert found.exit_code == 1
    assert [user["problem"] for user in found.document()["users"]] == [None, None, "It is broken."]
    text = all_users_text(found, Screen(width=None, colour=False, unicode=True, now_us=3_000_000))
    for words in ("(system)", "none has run", "job", "3 times in a row", "It is broken."):
        assert words in text

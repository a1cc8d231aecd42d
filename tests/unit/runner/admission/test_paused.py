"""Fires of tasks that are paused or skipped, on the real `docket exec` and the real store."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from docket.app.fires.pause import pause, resume, skip_next
from docket.app.session.session import Session
from docket.errors import StoreError, UnknownTaskError, UsageError
from docket.model.states import RunStatus
from docket.paths import discover
from docket.store.orders.audit import Who
from docket.store.orders.overrides import PAUSE, SKIP_NEXT, Order, lift, set_override
from tests.unit.runner.runner_home import Home

FIRE = {"TRIGGER_UNIT": "docket-job.timer", "INVOCATION_ID": "c" * 32}


def now_us() -> int:
    return time.time_ns() // 1000


def order(home: Home, kind: str, **more: object) -> None:
    found = Order(kind, **more)  # type: ignore[arg-type]
    set_override(
        str(home.state_db), ["job"], found, at_us=now_us(), who=Who(os.getuid(), None, "cli")
    )


def fire(home: Home) -> tuple[RunStatus, str | None, str]:
    """Let the timer fire once, and return the outcome."""
    home.run("job", environ=FIRE)
    run = home.ask(lambda reader: reader.runs("job"))[0]
    return run.status, run.error_code, run.summary


def test_a_paused_task_skips_each_fire_with_the_reason_until_it_is_resumed(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, PAUSE, reason="a holiday")
    skipped = (
        RunStatus.SKIPPED,
        "paused",
        "Skipped: the task is paused until `docket resume`: a holiday",
    )
    assert [fire(home), fire(home)] == [skipped, skipped]
    assert lift(str(home.state_db), ["job"], at_us=now_us(), who=Who(0, None, "cli")) == ["job"]
    assert lift(str(home.state_db), ["job"], at_us=now_us(), who=Who(0, None, "cli")) == []
    assert fire(home)[0] is RunStatus.SUCCEEDED


def test_a_pause_ends_by_itself(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, PAUSE, until=now_us() + 60_000_000)
    status, cause, summary = fire(home)
    assert (status, cause) == (RunStatus.SKIPPED, "paused")
    assert "paused until 20" in summary
    order(home, PAUSE, until=now_us() - 1)
    assert fire(home)[0] is RunStatus.SUCCEEDED


@pytest.mark.parametrize("ahead_us", [-86_400_000_000, 86_400_000_000])
def test_an_order_of_another_clock_holds(home: Home, ahead_us: int) -> None:
    home.plan("job", "/bin/true")
    for kind, cause in ((PAUSE, "paused"), (SKIP_NEXT, "skip_next")):
        found = Order(kind, remaining=1 if kind == SKIP_NEXT else None)
        at_us = now_us() + ahead_us
        set_override(
            str(home.state_db), ["job"], found, at_us=at_us, who=Who(os.getuid(), None, "cli")
        )
        assert fire(home)[1] == cause
        lift(str(home.state_db), ["job"], at_us=at_us, who=Who(os.getuid(), None, "cli"))
    assert fire(home)[0] is RunStatus.SUCCEEDED


def test_a_run_by_hand_is_not_held_back(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, PAUSE)
    order(home, SKIP_NEXT, remaining=1)
    assert home.run("job").returncode == 0
    assert fire(home)[1] == "paused"


def test_skip_next_leaves_out_as_many_fires_as_were_asked(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, SKIP_NEXT, remaining=2)
    assert [fire(home)[1] for _ in range(3)] == ["skip_next", "skip_next", None]
    order(home, SKIP_NEXT, remaining=0)
    assert fire(home)[0] is RunStatus.SUCCEEDED


def test_fires_at_once_share_one_skip(home: Home) -> None:
    home.plan("job", "/bin/true", overlap="allow")
    order(home, SKIP_NEXT, remaining=1)
    runs = [home.start("job", environ=FIRE) for _ in range(4)]
    for run in runs:
        run.communicate(timeout=30)
    assert sorted(run.returncode for run in runs) == [0, 0, 0, 75]


def test_a_pause_uses_up_no_skip(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, PAUSE)
    order(home, SKIP_NEXT, remaining=1)
    assert fire(home)[1] == "paused"
    with closing(sqlite3.connect(home.state_db)) as connection, connection:
        connection.execute("DELETE FROM overrides WHERE kind = 'pause'")
    assert [fire(home)[1] for _ in range(2)] == ["skip_next", None]


def test_what_is_ordered_is_in_the_audit(home: Home) -> None:
    home.plan("job", "/bin/true")
    order(home, PAUSE, reason="why")
    lift(str(home.state_db), ["job"], at_us=now_us(), who=Who(7, None, "cli"))
    with closing(sqlite3.connect(home.state_db)) as connection:
        rows = connection.execute("SELECT verb, task, uid FROM audit ORDER BY seq").fetchall()
    assert rows == [("pause", "job", os.getuid()), ("resume", "job", 7)]


def test_a_store_that_cannot_be_written_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be written"):
        set_override(str(tmp_path), ["job"], Order(PAUSE), at_us=1, who=Who(0, None, "cli"))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    environ = {"HOME": str(tmp_path)}
    config = Path(discover(environ).config)
    config.parent.mkdir(mode=0o700)
    config.write_text("tasks: {job: {type: command, command: /bin/true}}\n")
    config.chmod(0o600)
    return Session(discover(environ), environ, now_us, lambda: pytest.fail("no bus is needed"))


def test_the_commands_check_what_they_are_given(session: Session) -> None:
    with pytest.raises(UnknownTaskError):
        pause(session, ["jib"])
    with pytest.raises(UnknownTaskError):
        resume(session, ["jib"])
    with pytest.raises(UsageError, match="past"):
        pause(session, ["job"], now_us() - 1)
    with pytest.raises(UsageError, match="one printable line"):
        skip_next(session, ["job"], reason="two\nlines")


def test_the_commands_say_what_they_ordered(session: Session) -> None:
    until = now_us() + 3_600_000_000
    paused = pause(session, ["job", "job"], until, "why")
    assert (paused.tasks, paused.until_us) == (("job",), until)
    assert skip_next(session, ["job"], 3).document()["remaining"] == 3
    assert resume(session, ["job"]).tasks == ("job",)
    assert resume(session, ["job"]).tasks == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("kept", [True, False], ids=["with the WAL", "without"])
@pytest.mark.parametrize("kind", [PAUSE, SKIP_NEXT])
def test_an_order_holds_while_the_disk_is_full(
    home: Home, tmp_path: Path, kind: str, *, kept: bool
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        home.state_db = disk / "state.db"
        home.plan("job", "/bin/true")
        home.run("job")
        order(home, kind)
        if not kept:
            with closing(sqlite3.connect(home.state_db)) as last:
                last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fill(disk)
        result = home.result("job", "--trigger", "timer")
        assert (result["status"], result["error_code"] in ("paused", "skip_next")) == (
            "skipped",
            True,
        )


@pytest.mark.parametrize("kind", [PAUSE, SKIP_NEXT])
@pytest.mark.parametrize("mode", ["BEGIN EXCLUSIVE", "PRAGMA locking_mode = EXCLUSIVE"])
def test_an_order_holds_while_the_database_is_locked(home: Home, kind: str, mode: str) -> None:
    home.plan("job", "/bin/true")
    order(home, kind)
    with closing(sqlite3.connect(home.state_db, isolation_level=None)) as holder:
        holder.execute(mode)
        if "locking" in mode:
            holder.execute("BEGIN EXCLUSIVE")
        result = home.result("job", "--trigger", "timer")
    assert result["status"] == "skipped"


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()

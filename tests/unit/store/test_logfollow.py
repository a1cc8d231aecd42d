"""A follower of a log sees every byte once, whatever the writer does with its segments."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from docket.store.logfiles import RunLog, last_lines
from docket.store.logfollow import LogFollower

LINE = 20


def line(number: int) -> bytes:
    return f"line {number:014d}\n".encode()


def read(follower: LogFollower) -> bytes:
    return b"".join(follower.available())


def numbers(data: bytes) -> list[int]:
    return [int(part.split()[1]) for part in data.splitlines() if part.startswith(b"line ")]


def test_what_is_written_is_seen_at_the_next_look(tmp_path: Path) -> None:
    path = str(tmp_path / "a.log")
    follower = LogFollower(path)
    assert (read(follower), follower.found) == (b"", False)
    log = RunLog(path, 10_000)
    log.write(line(1))
    assert (read(follower), follower.found) == (line(1), True)
    assert read(follower) == b""
    log.write(line(2))
    log.finish()
    assert b"".join(follower.finish()) == line(2)


@pytest.mark.parametrize("seed", range(30))
def test_a_follower_that_keeps_up_misses_nothing_of_a_log_beyond_its_cap(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    path = str(tmp_path / "a.log")
    log, follower = RunLog(path, LINE * 40), LogFollower(path)
    seen = b""
    written = 0
    for _ in range(60):
        for _ in range(chance.randrange(9)):  # less than a segment between two looks
            written += 1
            log.write(line(written))
        seen += read(follower)
    if chance.random() < 0.5:
        log.write(line(written := written + 1))
    log.finish()
    seen += b"".join(follower.finish())
    assert seen == b"".join(map(line, range(1, written + 1)))


@pytest.mark.parametrize("seed", range(30))
def test_a_slow_follower_sees_a_note_about_the_gap_and_the_end(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = str(tmp_path / "a.log")
    log, follower = RunLog(path, LINE * 40), LogFollower(path)
    seen = b""
    written = 0
    for _ in range(10):
        for _ in range(chance.randrange(60)):
            written += 1
            log.write(line(written))
        seen += read(follower)
    log.finish()
    seen += b"".join(follower.finish())
    found = numbers(seen)
    assert found == sorted(set(found))
    assert not written or found[-1] == written
    assert len(found) == written or b"[docket: " in seen


def test_a_log_of_a_killed_runner_is_read_to_its_end(tmp_path: Path) -> None:
    path = str(tmp_path / "a.log")
    log, follower = RunLog(path, LINE * 40), LogFollower(path)
    seen = b""
    for number in range(1, 101):
        log.write(line(number))
        seen += read(follower)
    seen += b"".join(follower.finish())
    assert numbers(seen) == list(range(1, 101))


def test_a_log_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    os.symlink("/etc/hostname", tmp_path / "a.log")
    with pytest.raises(OSError, match=r"a\.log"):
        read(LogFollower(str(tmp_path / "a.log")))


def test_the_last_lines_of_nothing_are_nothing() -> None:
    assert last_lines(b"a\nb\n", 0) == b""
    assert last_lines(b"a\nb", 1) == b"b"

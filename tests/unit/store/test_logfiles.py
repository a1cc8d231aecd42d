"""A log keeps its beginning and its end, and never takes more than its cap."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from docket.store.logfiles import RunLog, read_log, tail_lines


def written(path: Path, cap: int, *blocks: bytes) -> bytes:
    log = RunLog(str(path), cap)
    for block in blocks:
        log.write(block)
    log.finish()
    assert log.problem is None
    return b"".join(read_log(str(path)))


def test_a_short_log_is_kept_as_it_is(tmp_path: Path) -> None:
    assert written(tmp_path / "a.log", 1000, b"one\n", b"two\n") == b"one\ntwo\n"


def test_up_to_three_quarters_of_the_cap_nothing_is_lost(tmp_path: Path) -> None:
    lines = [b"%06d\n" % n for n in range(100)]
    assert written(tmp_path / "a.log", 1000, *lines) == b"".join(lines)


@pytest.mark.parametrize("size", [7, 70, 700, 7000])
def test_a_long_log_keeps_whole_lines_of_both_ends(tmp_path: Path, size: int) -> None:
    data = b"".join(b"%06d\n" % n for n in range(20_000))
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    found = written(tmp_path / "a.log", 10_000, *blocks)
    assert len(found) <= 10_100
    head, _, tail = found.partition(b"[docket: ")
    marker, _, tail = tail.partition(b"]\n")
    assert data.startswith(head)
    assert data.endswith(tail)
    assert tail[:6].isdigit()
    assert len(tail) > 2_500 - len(b"000000\n")
    assert b"bytes left out here; logs are capped at 10000 bytes" in marker
    assert not list(tmp_path.glob("*.log.*"))


def test_a_log_that_goes_on_or_was_cut_off_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = RunLog(str(path), 10_000)
    for number in range(20_000):
        log.write(b"%06d\n" % number)
    found = b"".join(read_log(str(path)))
    assert found.startswith(b"000000\n")
    assert found.endswith(b"019999\n")
    assert b"left out here" in found
    assert tail_lines(str(path), 2) == b"019998\n019999\n"


@pytest.mark.parametrize(
    ("data", "count", "tail"),
    [
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\n", 5, b"a\n"),
        (b"", 3, b""),
        (b"a\nb\n", 0, b""),
        (b"\n\n\n", 2, b"\n\n"),
    ],
)
def test_the_last_lines(tmp_path: Path, data: bytes, count: int, tail: bytes) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    assert tail_lines(str(path), count) == tail


def test_random_blocks_never_break_the_cap(tmp_path: Path) -> None:
    source = random.Random(7)
    for case in range(30):
        cap = source.randrange(200, 5000)
        blocks = [
            bytes(source.choices(b"ab\n", k=source.randrange(0, 900)))
            for _ in range(source.randrange(1, 60))
        ]
        found = written(tmp_path / f"{case}.log", cap, *blocks)
        assert len(found) <= cap + 100
        if sum(map(len, blocks)) <= cap // 2:
            assert found == b"".join(blocks)


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "a.log").symlink_to(target)
    log = RunLog(str(tmp_path / "a.log"), 1000)
    log.write(b"x\n")
    log.finish()
    assert log.problem is not None
    assert target.read_text() == "precious"


@pytest.mark.parametrize("moment", ["head", "first segment", "second segment"])
@pytest.mark.parametrize("how", ["the names", "the directory"])
def test_what_another_renames_and_links_during_a_run_leads_the_log_nowhere(
    tmp_path: Path, moment: str, how: str
) -> None:
    """An attacker who can write the directory, or the one above it, acts after the first byte."""
    logs, home = tmp_path / "logs", tmp_path / "home"
    home.mkdir()
    targets = [home / f"a.log{segment}" for segment in ("", ".1", ".2")]
    for target in targets:
        target.write_text("a key\n")
    log = RunLog(str(logs / "a.log"), 400)
    log.write(b"first\n" * {"head": 1, "first segment": 40, "second segment": 70}[moment])
    if how == "the directory":
        logs.rename(tmp_path / "moved")
        logs.symlink_to(home)
    else:
        for target in targets:
            (logs / target.name).unlink(missing_ok=True)
            (logs / target.name).symlink_to(target)
    log.write(b"stolen\n" * 200)
    log.finish()
    assert [target.read_text() for target in targets] == ["a key\n"] * 3
    assert sorted(os.listdir(home)) == [target.name for target in targets]

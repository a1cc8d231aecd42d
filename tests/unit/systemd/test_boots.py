"""When the machine was on and awake, from what tools print and files hold."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

from docket.systemd.boots import (
    BootTime,
    journal_boots,
    machine_started_us,
    parse_boots,
    parse_sleeps,
    wtmp_boots,
)

ID = "0123456789abcdef0123456789abcdef"


def test_the_table_of_systemd_252_is_read() -> None:
    line = f" -1 {ID} Fri 2026-11-20 08:00:00 UTC\u2014Fri 2026-11-20 09:00:00 UTC\n"
    assert parse_boots(line) == [BootTime(1_795_161_600_000_000, 1_795_165_201_000_000)]


def test_the_table_with_a_head_and_blanks_is_read() -> None:
    head = "IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY\n"
    line = f"  0 {ID} Fri 2026-11-20 08:00:00 UTC Fri 2026-11-20 09:00:00 UTC\n"
    assert len(parse_boots(head + line)) == 1


def test_the_json_of_newer_ones_is_read() -> None:
    text = f'[{{"index":0,"boot_id":"{ID}","first_entry":5,"last_entry":9}}]'
    assert parse_boots(text) == [BootTime(5, 9)]


def test_a_file_that_is_neither_gives_no_boots() -> None:
    for text in ("", "null", "[1]", '{"a": 1}', "No journal files were found."):
        assert parse_boots(text) == []


def test_without_journalctl_there_are_no_boots(tmp_path: Path) -> None:
    assert journal_boots({"PATH": str(tmp_path)}) == []


def _record(kind: int, user: bytes, seconds: int) -> bytes:
    return struct.pack(
        "<hxxi32s4s32s256shhiii4i20x",
        kind, 0, b"~", b"~~", user, b"6.1", 0, 0, 0, seconds, 7, 0, 0, 0, 0,
    )  # fmt: skip


def test_wtmp_shows_boots_and_orderly_shutdowns(tmp_path: Path) -> None:
    path = tmp_path / "wtmp"
    path.write_bytes(
        _record(2, b"reboot", 100)
        + _record(7, b"ada", 120)
        + _record(1, b"shutdown", 150)
        + _record(2, b"reboot", 200)
        + b"torn"
    )
    assert wtmp_boots(str(path)) == [
        BootTime(100_000_007, 150_000_007),
        BootTime(200_000_007, 200_000_007),
    ]
    assert wtmp_boots(str(tmp_path / "none")) == []


def test_the_machine_came_up_before_this_test() -> None:
    started = machine_started_us()
    assert 0 < started < time.time_ns() // 1000
    assert os.path.exists("/proc/1/stat")


def test_a_sleep_goes_from_its_begin_to_its_end() -> None:
    begins, ends = "6bbd95ee977941e497c48be27c254128", "8811e6df2a8e40f58a94cea26f8ebf14"
    lines = [
        f'{{"__REALTIME_TIMESTAMP":"10","MESSAGE_ID":"{begins}"}}',
        "no JSON",
        f'{{"__REALTIME_TIMESTAMP":"20","MESSAGE_ID":"{ends}"}}',
        f'{{"__REALTIME_TIMESTAMP":"30","MESSAGE_ID":"{ends}"}}',
    ]
    assert parse_sleeps(lines) == [BootTime(10, 20)]

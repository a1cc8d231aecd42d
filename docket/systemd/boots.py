"""When the machine was on: from the journal's list of boots, wtmp, and the first process."""

from __future__ import annotations

import json
import os
import re
import struct
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from docket.model.record import Record

_TIMEOUT_SECONDS = 20.0
_SECOND_US = 1_000_000
_WTMP = "/var/log/wtmp"
# utmp(5) with 64-bit alignment as glibc writes it: type, pid, line, id, user, host, exit, session,
# seconds, microseconds, address, spare.
_RECORD = struct.Struct("<hxxi32s4s32s256shhiii4i20x")
_RUN_LEVEL, _BOOT_TIME = 1, 2
_MOST_WTMP_BYTES = 4 << 20
_BOOT_LINE = (
    r"\b([0-9a-f]{32})\b\D*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC"
    r".*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC"
)
_SLEEP_BEGINS = "6bbd95ee977941e497c48be27c254128"  # SD_MESSAGE_SLEEP_START
_SLEEP_ENDS = "8811e6df2a8e40f58a94cea26f8ebf14"  # SD_MESSAGE_SLEEP_STOP
_SHORTEST_SLEEP_SECONDS = 5.0


class BootTime(Record):
    """From one instant to another, in microseconds since the epoch."""

    first_us: int
    last_us: int

    def holds(self, at_us: int) -> bool:
        """Whether an instant is in it."""
        return self.first_us <= at_us <= self.last_us


def machine_started_us() -> int:
    """Return when this machine (or container) came up: the start of its first process."""
    since_epoch = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    try:
        with open("/proc/1/stat", encoding="utf-8", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        since_epoch += ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):  # /proc hides it: the kernel's own start is near
        pass
    return int(since_epoch * _SECOND_US)


def journal_boots(environ: Mapping[str, str]) -> list[BootTime]:
    """Return the boots in the journal, as far as it may be read; never fails."""
    text = _journalctl(environ, ["--list-boots", "--utc", "-o", "json"])
    return parse_boots(text)


def parse_boots(text: str) -> list[BootTime]:
    """Return the boots in what `journalctl --list-boots` printed.

    systemd 252 has no JSON for it and prints its table whatever was asked for.
    """
    try:
        found = json.loads(text)
        return [BootTime(int(boot["first_entry"]), int(boot["last_entry"])) for boot in found]
    except (ValueError, TypeError, KeyError):
        pass
    # The table has whole seconds, cut off.
    return [
        BootTime(_instant(match[2]), _instant(match[3]) + _SECOND_US)
        for match in (re.search(_BOOT_LINE, line) for line in text.splitlines())
        if match is not None
    ]


def wtmp_boots(path: str = _WTMP) -> list[BootTime]:
    """Return the boots in wtmp, each up to its orderly shutdown; never fails.

    Of a boot that ended without one only the beginning is known.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            skipped = max(0, size - _MOST_WTMP_BYTES)
            file.seek(skipped - skipped % _RECORD.size)
            data = file.read()
    except OSError:
        return []
    spans: list[BootTime] = []
    for offset in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
        kind, _, _, _, user, _, _, _, _, seconds, micros, *_ = _RECORD.unpack_from(data, offset)
        at_us = (seconds & 0xFFFFFFFF) * _SECOND_US + micros
        if kind == _BOOT_TIME:
            spans.append(BootTime(at_us, at_us))
        elif kind == _RUN_LEVEL and user.startswith(b"shutdown") and spans:
            spans[-1] = BootTime(spans[-1].first_us, max(at_us, spans[-1].last_us))
    return spans


def sleeps(environ: Mapping[str, str], since_us: int) -> list[BootTime]:
    """Return when the machine was suspended since an instant; never fails.

    The journal is only asked if the clocks say that this boot has slept at all.
    """
    slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    return logged_sleeps(environ, since_us) if slept >= _SHORTEST_SLEEP_SECONDS else []


def logged_sleeps(environ: Mapping[str, str], since_us: int) -> list[BootTime]:
    """Return the sleeps of this boot that systemd logged since an instant; never fails."""
    # Anybody may log these ids; _UID is journald's own field, and systemd-sleep is root's.
    matches = [f"MESSAGE_ID={_SLEEP_BEGINS}", f"MESSAGE_ID={_SLEEP_ENDS}", "_UID=0"]
    since = f"@{since_us // _SECOND_US}"
    text = _journalctl(environ, ["-b", "--since", since, "-o", "json", *matches])
    return parse_sleeps(text.splitlines())


def parse_sleeps(lines: Sequence[str]) -> list[BootTime]:
    """Return the spans between the journal's entries of going to sleep and of waking up."""
    spans = []
    asleep: int | None = None
    for line in lines:
        try:
            entry = json.loads(line)
            at_us, what = int(entry["__REALTIME_TIMESTAMP"]), entry["MESSAGE_ID"]
        except (ValueError, TypeError, KeyError):
            continue
        if what == _SLEEP_BEGINS:
            asleep = at_us
        elif what == _SLEEP_ENDS and asleep is not None:
            spans.append(BootTime(asleep, at_us))
            asleep = None
    return spans


def _journalctl(environ: Mapping[str, str], words: Sequence[str]) -> str:
    import shutil  # noqa: PLC0415  (most commands run no other program)
    import subprocess  # noqa: PLC0415  (as above)

    program = shutil.which("journalctl", path=environ.get("PATH", os.defpath))
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "--no-pager", "--quiet", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            env={**environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * _SECOND_US

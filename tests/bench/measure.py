"""Measuring whole processes side by side, and printing ratios: this machine is shared."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def seconds_of(command: Sequence[str], environ: dict[str, str]) -> float:
    """Return how long one whole process took, from its start to its end."""
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], list(command), environ)
    os.waitpid(pid, 0)
    return time.perf_counter() - begun


def medians(commands: Sequence[Sequence[str]], environ: dict[str, str], rounds: int) -> list[float]:
    """Return the median seconds of each command; they take turns, so that noise hits all alike."""
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for times, command in zip(taken, commands, strict=True):
            times.append(seconds_of(command, environ))
    return [sorted(times)[rounds // 2] for times in taken]


def peak_kib(start: Callable[[], subprocess.Popen[bytes]]) -> int:
    """Return the peak memory (KiB) of a process, read from /proc until it has ended."""
    process = start()
    peak = 0
    while process.poll() is None:
        try:
            text = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        found = re.search(r"VmHWM:\s+(\d+)", text)
        peak = max(peak, int(found[1]) if found else 0)
    return peak


def row(name: str, figure: str, bar: str, *, held: bool) -> None:
    """Print one line of the table."""
    print(f"{name:<52} {figure:>22}   {bar:<26} {'held' if held else 'MISSED'}")

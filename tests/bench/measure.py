"""Measuring whole processes side by side: this machine is shared, so ratios are what counts."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def seconds_of(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Return how long one whole process took, from its start to its end; its output is dropped."""
    begun = time.perf_counter()
    _usage_of(command, environ)
    return time.perf_counter() - begun


def cpu_of(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Return the processor time, in seconds, of one process and all that it waited for."""
    usage = _usage_of(command, environ)
    return usage.ru_utime + usage.ru_stime


def least_cpu(
    commands: Sequence[Sequence[str]], environ: Mapping[str, str], rounds: int
) -> list[float]:
    """Return the least processor time of each command; they take turns."""
    taken = [[cpu_of(command, environ) for command in commands] for _ in range(rounds)]
    return [min(column) for column in zip(*taken, strict=True)]


def medians(
    commands: Sequence[Sequence[str]], environs: Sequence[Mapping[str, str]], rounds: int
) -> list[float]:
    """Return the median seconds of each command; they take turns, so that noise hits all alike."""
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for times, command, environ in zip(taken, commands, environs, strict=True):
            times.append(seconds_of(command, environ))
    return [sorted(times)[rounds // 2] for times in taken]


def peak_bytes(start: Callable[[], subprocess.Popen[bytes]]) -> int:
    """Return the peak memory of a process, read from /proc until it has ended."""
    process = start()
    peak = 0
    while process.poll() is None:
        try:
            text = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        found = re.search(r"VmHWM:\s+(\d+)", text)
        peak = max(peak, int(found[1]) * 1024 if found else 0)
        time.sleep(0.005)
    return peak


def _usage_of(command: Sequence[str], environ: Mapping[str, str]) -> resource.struct_rusage:
    with open(os.devnull, "wb") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        pid = os.posix_spawn(command[0], list(command), dict(environ), file_actions=actions)
    return os.wait4(pid, 0)[2]

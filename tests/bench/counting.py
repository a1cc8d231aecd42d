"""Counting what a process did: instructions by valgrind, syncs by strace, bytes by the kernel.

Seconds on a shared machine are noise; these are the same in every run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def can_count() -> bool:
    """Whether valgrind is there."""
    return shutil.which("valgrind") is not None


def instructions(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return how many instructions one process executed, its children's not among them."""
    line = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *words]
    done = subprocess.run(line, env=environ, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr[-2000:]
    return int(found[1])


def syncs(words: Sequence[str], environ: Mapping[str, str]) -> int | None:
    """Return how often one process and its children synced a file; None without strace."""
    if shutil.which("strace") is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory) / "trace"
        line = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(trace), *words]
        subprocess.run(line, env=environ, check=False, stdout=subprocess.DEVNULL)
        return len(re.findall(r"\bf(?:data)?sync\(", trace.read_text()))


def dirtied_bytes(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return how much one process and its children gave the disks to write."""
    with open(os.devnull, "wb") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        pid = os.posix_spawn(words[0], list(words), environ, file_actions=actions)
        _, _, usage = os.wait4(pid, 0)
    return usage.ru_oublock * 512


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process, what it shares divided among those that share it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0

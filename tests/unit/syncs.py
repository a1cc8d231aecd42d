"""What a piece of Python syncs and renames, in order, as the process itself does it."""

from __future__ import annotations

import subprocess
import sys

import docket

_RECORDER = """
import os, sys
fsync, replace = os.fsync, os.replace
def noted_fsync(descriptor):
    print("fsync", os.readlink(f"/proc/self/fd/{descriptor}"), sep="\\t", file=sys.stderr)
    fsync(descriptor)
def noted_replace(source, target):
    print("rename", target, sep="\\t", file=sys.stderr)
    replace(source, target)
os.fsync, os.replace = noted_fsync, noted_replace
"""


def traced(code: str) -> list[tuple[str, str]]:
    """Run the code in a process of its own; return its calls of fsync and rename with the path."""
    done = subprocess.run(
        [sys.executable, "-c", _RECORDER + code],
        env={"PYTHONPATH": docket.__path__[0].rsplit("/", 1)[0]},
        capture_output=True,
        text=True,
        check=True,
    )
    calls = [line.split("\t") for line in done.stderr.splitlines()]
    return [(call, path) for call, path in calls]

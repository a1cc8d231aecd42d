"""Who holds a lock is believed only while that process has the file open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docket.app.record.liveness import is_held
from docket.store.holders import open_holder

# Takes the lock, hands it to a child and closes the file: the kernel still names this process.
HANDS_ON = """
import fcntl, os, sys

descriptor = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(descriptor, fcntl.LOCK_EX)
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)
    os._exit(0)
os.close(descriptor)
print("handed on", flush=True)
sys.stdin.read()
os.close(writing)
os.wait()
"""


def test_a_process_that_has_closed_the_file_is_not_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.touch()
    with subprocess.Popen(
        [sys.executable, "-c", HANDS_ON, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as taker:
        assert taker.stdin is not None
        assert taker.stdout is not None
        assert taker.stdout.readline() == b"handed on\n"
        owners = [
            line.split()[4]
            for line in Path("/proc/locks").read_text().splitlines()
            if line.split()[5].endswith(f":{path.stat().st_ino}")
        ]
        assert owners == [str(taker.pid)]
        assert is_held(str(path))
        assert open_holder(str(path)) is None
        taker.stdin.close()

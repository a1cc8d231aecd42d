"""A terminal of a given size, and what `docket` shows on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping

END_OF_A_FRAME = b"\x1b[J"
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def shown(
    environ: Mapping[str, str], *words: str, columns: int, lines: int = 24, until: bytes = b""
) -> str:
    """Return all that `docket WORDS` writes to a terminal; after `until` it gets Ctrl-C."""
    reading, writing = pty.openpty()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "docket", *words],
        env={"TERM": "xterm", "LANG": "C.UTF-8", "TZ": "UTC", **environ},
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    data = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while part := os.read(reading, 1 << 16):
            data += part
            if until and until in data:
                process.send_signal(signal.SIGINT)
    os.close(reading)
    process.wait(60)
    return data.decode().replace("\r\n", "\n")


def plain(text: str) -> list[str]:
    """Return the lines as they are read: without colours, and without what was erased."""
    lines = [line.rpartition("\r")[2] for line in text.split("\n")]
    return [_ESCAPE.sub("", line).rstrip() for line in lines]

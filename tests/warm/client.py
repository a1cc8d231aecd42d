"""Calls docket over the server's socket, and gives back what `subprocess.run` would."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROOT = str(Path(__file__).parents[2])
_SERVE = "import sys; from tests.warm.server import serve; serve(int(sys.argv[1]))"


def called(
    argv: Sequence[str],
    environ: Mapping[str, str],
    cwd: str | Path,
    *,
    stdin: bytes = b"",
    timeout: float = 60,
) -> subprocess.CompletedProcess[bytes]:
    """Call `docket` with these words and wait for its end."""
    message = json.dumps({"argv": list(argv), "environ": dict(environ), "cwd": str(cwd)})
    with contextlib.ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(stdin)
        given.seek(0)
        code = _run(message.encode(), [file.fileno() for file in (given, out, err)], timeout)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return subprocess.CompletedProcess(["docket", *argv], code, *texts)


def _run(message: bytes, descriptors: list[int], timeout: float) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(_server())
        socket.send_fds(connection, [message], descriptors)
        answers = connection.makefile("r")
        pid = int(answers.readline())
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise


@functools.cache
def _server() -> str:
    """Return the address of this process's server, which is started once and ends with it."""
    address = f"\0docket-tests-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(64)
        subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(listener.fileno())],
            cwd=_ROOT,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/dev/null/no-home"},
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
        )
    return address

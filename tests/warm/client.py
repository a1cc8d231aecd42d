"""Calls docket over a server's socket, and gives back what `subprocess.run` would."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

_ROOT = str(Path(__file__).parents[2])
_SERVE = (
    f"import sys; sys.path.insert(0, {_ROOT!r});"
    "from tests.warm.server import serve; serve(int(sys.argv[1]))"
)
_numbers = itertools.count(1)


class Warm:
    """A server of this process: it ends with it, or when it is closed."""

    def __init__(
        self,
        entered: Callable[[list[str]], list[str]] | None = None,
        python: str = sys.executable,
    ) -> None:
        """Start it; `entered` turns its words into those that run it elsewhere."""
        self.address = f"\0docket-tests-{os.getpid()}-{next(_numbers)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.address)
            listener.listen(64)
            words = [python, "-c", _SERVE, str(listener.fileno())]
            self._process = subprocess.Popen(
                entered(words) if entered else words,
                cwd=_ROOT,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/dev/null/no-home"},
                stdin=subprocess.PIPE,
                pass_fds=(listener.fileno(),),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)

    def called(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        cwd: str | Path,
        *,
        stdin: bytes = b"",
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[bytes]:
        """Call `docket` with these words and wait for its end; TimeoutError kills it."""
        message = json.dumps({"argv": list(argv), "environ": dict(environ), "cwd": str(cwd)})
        with contextlib.ExitStack() as stack:
            given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin)
            given.seek(0)
            code = self._run(
                message.encode(), [file.fileno() for file in (given, out, err)], timeout
            )
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read())
        return subprocess.CompletedProcess(["docket", *argv], code, *texts)

    def _run(self, message: bytes, descriptors: list[int], timeout: float) -> int:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(self.address)
            socket.send_fds(connection, [message], descriptors)
            # No answer: a power cut took the server, and the call with it.
            return int(connection.makefile("r").readline() or -signal.SIGKILL)


@functools.cache
def _server() -> Warm:
    """Return this process's server, which is started at the first call and ends with it."""
    return Warm()


def called(
    argv: Sequence[str],
    environ: Mapping[str, str],
    cwd: str | Path,
    *,
    stdin: bytes = b"",
    timeout: float = 60,
) -> subprocess.CompletedProcess[bytes]:
    """Call `docket` with these words in a child of this process's server."""
    return _server().called(argv, environ, cwd, stdin=stdin, timeout=timeout)

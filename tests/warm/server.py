"""Forks a child for each call of docket that comes over a socket, and runs nothing itself."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from typing import Any

_NOT_IMPORTED = ("docket.mcp", "docket.libexec", "docket.__main__")


def serve(descriptor: int) -> None:
    """Answer calls until standard input ends: then the parent is gone."""
    _import_the_command_line()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=descriptor)
    while True:
        ready, _, _ = select.select([descriptor, 0], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _answer(connection)
        connection.close()


def _import_the_command_line() -> None:
    import docket

    for found in pkgutil.walk_packages(docket.__path__, "docket."):
        if not found.name.startswith(_NOT_IMPORTED):
            # A library that this machine lacks is the call's to miss.
            with contextlib.suppress(ImportError):
                importlib.import_module(found.name)


def _answer(connection: socket.socket) -> None:
    """Run one call in a child and send its exit code; when the caller goes away, kill the child."""
    message, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    call = json.loads(message)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(call, descriptors)
    for opened in descriptors:
        os.close(opened)
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, connection.fileno()], [], [])
    if ended not in ready:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(f"{code}\n".encode())
    os._exit(0)


def _become(call: dict[str, Any], descriptors: list[int]) -> None:
    for target, opened in enumerate(descriptors):
        os.dup2(opened, target)
    for opened in descriptors:
        os.close(opened)
    os.environ.clear()
    os.environ.update(call["environ"])
    time.tzset()
    os.chdir(call["cwd"])
    sys.argv = ["docket", *call["argv"]]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", 1)  # noqa: SIM115
    code: object = 1
    try:
        from docket.__main__ import main

        code = main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  (as the interpreter does at its top)
        sys.excepthook(*sys.exc_info())
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))

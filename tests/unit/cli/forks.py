"""A process that has the command line loaded, and forks for each command: run as a script.

Each line of its input is a JSON list: a home, and the words of a command. For each it prints a JSON
list: the exit code (below 0 for a signal) and what the command wrote.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback

SECONDS = 10
_ROOM = 640 << 20  # bytes of addresses that a command may take beside what is loaded


def main() -> None:
    """Serve until the input ends."""
    import docket.app.catalog.lookup
    import docket.app.status.status
    import docket.cli  # noqa: F401

    for line in sys.stdin:
        folder, *words = json.loads(line)
        path = os.path.join(folder, "output")
        pid = os.fork()
        if pid == 0:
            os._exit(_command(folder, words, path))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with open(path, encoding="utf-8", errors="replace") as file:
            print(json.dumps([code, file.read()]), flush=True)


def _command(folder: str, words: list[str], path: str) -> int:
    from docket.__main__ import main as docket

    os.setpgid(0, 0)
    signal.alarm(SECONDS)
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + _ROOM, taken + _ROOM))
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(
        HOME=folder, PATH="/usr/bin:/bin", XDG_RUNTIME_DIR=f"{folder}/run", LC_ALL="C.UTF-8"
    )
    sys.argv = ["docket", *words]
    try:
        code = docket()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    except BaseException:  # noqa: BLE001  (a process boundary)
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    main()

"""Starting a child: a command by posix_spawn, a Python task in a forked copy of the runner."""

from __future__ import annotations

import errno
import os

from docket.errors import DocketError
from docket.runner.call.signals import RESTORED_BY_SPAWN, restore_in_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docket.model.plan import PythonTarget


class SpawnError(DocketError):
    """The child could not be started at all."""

    code = "spawn_failed"


class Child:
    """A started child: its number, a descriptor of it, and its pipes."""

    __slots__ = ("pid", "pidfd", "result", "stderr", "stdout")

    def __init__(self, pid: int, stdout: int, stderr: int, result: int | None) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.stdout = stdout
        self.stderr = stderr
        self.result = result  # the pipe on which a Python task hands its result over


def enter_directory(cwd: str, environment: dict[str, str]) -> None:
    """Go where the task runs; SpawnError with the reason if that cannot be."""
    directory = cwd or environment.get("HOME") or "/"
    try:
        os.chdir(directory)
    except OSError as error:
        raise SpawnError(
            f"The working directory {directory} cannot be entered: {error.strerror}.",
            hint="Create it, or set cwd.",
        ) from error


def start_command(argv: list[str], environment: dict[str, str]) -> Child:
    """Start a command in a process group of its own; SpawnError says why it cannot be."""
    path = find(argv[0], environment.get("PATH", ""))
    out_reader, out_writer = os.pipe2(os.O_CLOEXEC)
    err_reader, err_writer = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            path,
            argv,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, out_writer, 1),
                (os.POSIX_SPAWN_DUP2, err_writer, 2),
            ],
            setpgroup=0,
            setsigdef=RESTORED_BY_SPAWN,
        )
    except (OSError, ValueError) as error:
        os.close(out_reader)
        os.close(err_reader)
        raise explained(path, error) from error
    finally:
        os.close(out_writer)
        os.close(err_writer)
    return Child(pid, out_reader, err_reader, None)


def start_python(
    target: PythonTarget,
    environment: dict[str, str],
    let_go: Callable[[], None],
    *,
    dry_run: bool,
) -> Child:
    """Start a Python task in a forked child; `let_go` closes what only the runner may hold."""
    out_reader, out_writer = os.pipe2(os.O_CLOEXEC)
    err_reader, err_writer = os.pipe2(os.O_CLOEXEC)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        # Never return to the code above: from here on this process is the task.
        try:
            os.setpgid(0, 0)
            restore_in_child()
            let_go()
            # Held here too, they would hide from the task that the runner has died.
            for descriptor in (out_reader, err_reader, reader):
                os.close(descriptor)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(out_writer, 1)
            os.dup2(err_writer, 2)
            from docket.runner.attempt.pythontask import run_and_exit  # noqa: PLC0415  (the child's own)

            run_and_exit(target, environment, writer, dry_run=dry_run)
        finally:
            os._exit(70)
    for descriptor in (out_writer, err_writer, writer):
        os.close(descriptor)
    try:
        os.setpgid(pid, pid)  # parent and child both do this: either may be first
    except OSError:
        pass
    os.set_blocking(reader, False)
    return Child(pid, out_reader, err_reader, reader)


def find(name: str, search_path: str) -> str:
    """Return the path of a program; SpawnError if `search_path` does not have it."""
    if "/" in name:
        return name
    for directory in search_path.split(":"):
        path = os.path.join(directory or ".", name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise SpawnError(
        f"Command not found: {name}",
        hint=f"Install it, or write its path; looked in {search_path}.",
    )


def explained(path: str, error: OSError | ValueError) -> SpawnError:
    """Return why a program could not be started."""
    if isinstance(error, ValueError):
        return SpawnError(f"Command refused: {path}: {error}", hint="See the task's command.")
    if error.errno == errno.ENOENT and not os.path.exists(path):
        return SpawnError(f"Command not found: {path}", hint="Install it, or mend the path.")
    if error.errno == errno.ENOENT:
        return SpawnError(
            f"The interpreter that {path} names in its first line does not exist.",
            hint="See the line that begins with #!.",
        )
    if error.errno == errno.ENOEXEC:
        return SpawnError(
            f"{path} is not a program: it has no #! line.",
            hint="Begin it with #!/bin/sh or its like.",
        )
    if error.errno == errno.E2BIG:
        return SpawnError(f"The arguments and environment of {path} are too long.")
    return SpawnError(f"{path} cannot be started: {error.strerror}.")

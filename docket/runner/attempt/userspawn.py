"""Starting a child as another user: a forked copy of the runner gives up root, then becomes it.

posix_spawn cannot change the user. Nothing of the runner survives in the child: its memory goes
with exec, for Python tasks too, and of its descriptors only the child's own are left open.
"""

from __future__ import annotations

import os
import sys

from docket.files import read_plain, write_all
from docket.model.jsontext import dumps
from docket.paths import libexec
from docket.runner.attempt.spawn import Child, SpawnError, explained, find
from docket.runner.call.signals import restore_in_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import PythonTarget
    from docket.runner.call.account import Account

_UMASK = 0o022
_DIRECTORY, _PROGRAM, _RIGHTS, _SCRIPT = b"d", b"p", b"r", b"s"


class ChildSetting:
    """Where and with what a child of another user starts.

    `in_unit` whether the runner is in the unit of the task, which then says what the umask is.
    """

    __slots__ = ("cwd", "environment", "in_unit")

    def __init__(self, environment: dict[str, str], cwd: str, *, in_unit: bool) -> None:
        self.environment = environment
        self.cwd = cwd
        self.in_unit = in_unit


def start_command_as(account: Account, argv: list[str], around: ChildSetting) -> Child:
    """Start a command as another user, in a session of its own; SpawnError says why not."""
    path = find(argv[0], around.environment.get("PATH", ""))
    return _with_pipes(account, path, argv, around)


def start_python_as(
    account: Account, target: PythonTarget, around: ChildSetting, *, dry_run: bool
) -> Child:
    """Start a Python task in an interpreter of its own as another user."""
    given = _given(target, dry_run=dry_run)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    script = libexec("python-task")
    argv = [sys.executable, "-IS", script, str(given), str(writer)]
    try:
        child = _with_pipes(account, sys.executable, argv, around, (given, writer), script)
    except SpawnError:
        os.close(reader)
        raise
    finally:
        os.close(given)
        os.close(writer)
    os.set_blocking(reader, False)
    child.result = reader
    return child


def spawn_as(
    account: Account,
    path: str,
    argv: list[str],
    around: ChildSetting,
    outputs: tuple[int, int],
    kept: tuple[int, ...] = (),
    script: str = "",
) -> int:
    """Start a program as another user and return its process id; SpawnError says why not.

    It leads a session and a process group, so that it shares no terminal with root. `outputs`
    become its standard output and error, and `kept` stay open in it. `script` is a file that the
    program has to read.
    """
    for descriptor in outputs:
        os.fchown(descriptor, account.uid, account.gid)  # so that it can open /dev/stdout again
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        # Never return to the code above: from here on this process is the task.
        stage = _RIGHTS
        try:
            _arrange(outputs, (*kept, writer))
            if not around.in_unit:
                os.umask(_UMASK)
            from docket.runner.attempt.privileges import give_up_root  # noqa: PLC0415  (the child's own)

            give_up_root(account)
            if script:
                stage = _SCRIPT
                os.close(os.open(script, os.O_RDONLY | os.O_CLOEXEC))
            stage = _DIRECTORY
            os.chdir(_directory(account, around.cwd))
            stage = _PROGRAM
            os.execve(path, argv, around.environment)  # noqa: S606  (a list of words, no shell)
        except OSError as error:
            os.write(writer, stage + str(error.errno or 0).encode())
        except ValueError:
            os.write(writer, stage + b"0")
        finally:
            os._exit(70)
    os.close(writer)
    told = os.read(reader, 100)
    os.close(reader)
    if told:
        os.waitpid(pid, 0)
        raise _refusal(account, path, around.cwd, told)
    return pid


def _with_pipes(
    account: Account,
    path: str,
    argv: list[str],
    around: ChildSetting,
    kept: tuple[int, ...] = (),
    script: str = "",
) -> Child:
    out_reader, out_writer = os.pipe2(os.O_CLOEXEC)
    err_reader, err_writer = os.pipe2(os.O_CLOEXEC)
    try:
        pid = spawn_as(account, path, argv, around, (out_writer, err_writer), kept, script)
    except SpawnError:
        os.close(out_reader)
        os.close(err_reader)
        raise
    finally:
        os.close(out_writer)
        os.close(err_writer)
    return Child(pid, out_reader, err_reader, None)


def _given(target: PythonTarget, *, dry_run: bool) -> int:
    """Return a descriptor of what a Python task is given, with the text of its file.

    The file may be for root only to read, as all of Docket's are.
    """
    source = None
    if not target.module:
        try:
            source = read_plain(os.path.realpath(target.path))[0].decode()
        except (OSError, ValueError) as error:
            raise SpawnError(f"The task file {target.path} cannot be read: {error}.") from error
    descriptor = os.memfd_create("docket-task", os.MFD_CLOEXEC)
    document = {"target": target.to_json(), "source": source, "dry_run": dry_run}
    write_all(descriptor, dumps(document).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _arrange(outputs: tuple[int, int], kept: tuple[int, ...]) -> None:
    """Leave open the standard descriptors and those in `kept`; the last of these until exec."""
    os.setsid()
    restore_in_child()
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(outputs[0], 1)
    os.dup2(outputs[1], 2)
    for descriptor in kept[:-1]:
        os.set_inheritable(descriptor, True)
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _directory(account: Account, cwd: str) -> str:
    """Return where the child starts: in the task's directory, else at home, else at the top."""
    return cwd or (account.home if os.access(account.home, os.X_OK) else "/")


def _refusal(account: Account, path: str, cwd: str, told: bytes) -> SpawnError:
    number = int(told[1:])
    error = OSError(number, os.strerror(number)) if number else ValueError("a null byte in a word")
    words = os.strerror(number) if number else "a null byte"
    if told[:1] == _RIGHTS:
        return SpawnError(f"The runner cannot become user {account.name}: {words}.")
    if told[:1] == _DIRECTORY:
        return SpawnError(
            f"The working directory {cwd or account.home} cannot be entered as {account.name}:"
            f" {words}.",
            hint="Let that user enter it, or set cwd.",
        )
    if told[:1] == _SCRIPT:
        return SpawnError(
            f"User {account.name} cannot read the package of Docket: {words}.",
            hint="A task in Python needs it: install Docket where every user can read it.",
        )
    found = explained(path, error)
    found.hint = found.hint or f"See what user {account.name} may execute."
    return found

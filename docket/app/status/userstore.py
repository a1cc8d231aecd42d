"""What one user's record of runs says, read by a child process that has become that user.

Root opens, locks and parses nothing that another user has made: whatever is there is met with
that user's own rights, for a few seconds at most, and what comes back is bounded and checked.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import Any

from docket.app.record.liveness import is_alive
from docket.errors import DocketError
from docket.files import write_all
from docket.model.record import Record
from docket.model.states import RunStatus
from docket.paths import Paths, discover
from docket.store.reader import Reader, open_as_it_is

_PATIENCE_SECONDS = 5.0
_LARGEST_ANSWER = 4 << 20
_NEVER = "never_run"


class StoreOwner(Record):
    """Whose record it is: a user with a home directory, or root for the system scope."""

    name: str
    uid: int
    gid: int
    home: str
    system: bool = False

    def paths(self) -> Paths:
        """Return the places of this owner's default Docket home."""
        if self.system:
            return discover({}, system=True)
        return discover({"HOME": self.home, "XDG_RUNTIME_DIR": f"/run/user/{self.uid}"})


class TaskLine(Record):
    """One task of a user, with the status of its last run that ended. Instants are microseconds."""

    task: str
    status: str
    run_id: str | None
    started_us: int | None
    finished_us: int | None
    running: int  # runs under way, whose locks are held
    consecutive_failures: int


def tasks_of(owner: StoreOwner) -> tuple[TaskLine, ...] | str:
    """Return the state of the tasks of `owner`, or in a sentence why it cannot be read."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            _become(owner)
            write_all(writer, json.dumps(_answer(owner)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        data = _received(reader)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if data is None:
        return f"No answer within {_PATIENCE_SECONDS:g} s, or one that is too large."
    try:
        return _checked(json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return "The record cannot be read: its reader ended without an answer."


def _become(owner: StoreOwner) -> None:
    if owner.uid == 0:
        return
    os.setgroups([owner.gid])
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)


def _answer(owner: StoreOwner) -> list[list[Any]] | str:
    paths = owner.paths()
    try:
        with open_as_it_is(paths.state_db) as reader:
            return _lines(reader, paths)
    except FileNotFoundError:
        return []
    except DocketError as error:
        return error.sentence


def _lines(reader: Reader, paths: Paths) -> list[list[Any]]:
    latest = reader.latest()
    alive: dict[str, int] = {}
    for run in reader.running():
        alive[run.task] = alive.get(run.task, 0) + bool(is_alive(run, paths.lock_dir))
    found: list[list[Any]] = []
    for task in sorted({*latest, *alive}):
        last = latest.get(task)
        known: list[Any] = [_NEVER, None, None, None]
        if last is not None:
            known = [str(last.status), last.run_id, last.started_us, last.finished_us]
        found.append([task, *known, alive.get(task, 0), reader.consecutive_failures(task)])
    return found


def _received(reader: int) -> bytes | None:
    """Return all that comes through the pipe; None if it takes too long or is too much."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waiting = select.poll()
    waiting.register(reader, select.POLLIN)
    data = b""
    while len(data) <= _LARGEST_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            return None
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            return data
        data += chunk
    return None


def _checked(answer: Any) -> tuple[TaskLine, ...] | str:
    """Return the answer as what it should be; TypeError and ValueError if it is not."""
    if isinstance(answer, str):
        return answer
    return tuple(_line(*entry) for entry in answer)


def _line(
    task: object,
    status: object,
    run_id: object,
    started: object,
    finished: object,
    running: object,
    failures: object,
) -> TaskLine:
    if not (isinstance(task, str) and isinstance(status, str) and isinstance(run_id, str | None)):
        raise TypeError
    return TaskLine(
        task=task,
        status=_NEVER if status == _NEVER else str(RunStatus(status)),
        run_id=run_id,
        started_us=_number(started),
        finished_us=_number(finished),
        running=_number(running) or 0,
        consecutive_failures=_number(failures) or 0,
    )


def _number(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError
    return value

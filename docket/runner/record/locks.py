"""flock: the kernel frees a lock when its holder dies, so a held lock is a fact."""

from __future__ import annotations

import errno
import fcntl
import os
import time

from docket.files import open_plain, open_private
from docket.model.jsontext import dumps, loads
from docket.runfiles import LOCK, run_file, runs_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FLAGS = os.O_RDWR | os.O_CREAT
_SECTOR = 512  # stat(2) counts the blocks of a file in these
_TRIES = 50
_BETWEEN_TRIES_SECONDS = 0.01


def task_lock_path(lock_dir: str, task: str) -> str:
    """Return where the lock of a task is."""
    return os.path.join(lock_dir, "tasks", task + ".lock")


class RunLock:
    """Held as long as the run lasts; its file has the row, so a dead runner is identified."""

    __slots__ = ("_descriptor", "_path", "_stays")

    def __init__(self, lock_dir: str, run_id: str) -> None:
        """Take the lock of a run; FileExistsError if another process runs under that id."""
        self._path = run_file(lock_dir, run_id, LOCK)
        self._stays = False
        self._descriptor = open_private(self._path, _FLAGS)
        if not _take(self._descriptor):
            os.close(self._descriptor)
            raise FileExistsError(errno.EEXIST, "the run is alive", self._path)

    def describe(self, record: dict[str, Any]) -> None:
        """Write who the run is into the file."""
        data = dumps(record).encode()
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))

    def keep_end(self, record: dict[str, Any]) -> bool:
        """Write the end of the run over its beginning: in the block that the file has, if it fits.

        No full disk can refuse that. The file then stays, for the next reader to take it in.
        """
        data = dumps(record).encode()
        try:
            if len(data) > os.fstat(self._descriptor).st_blocks * _SECTOR:
                return False
            os.pwrite(self._descriptor, data, 0)
            os.ftruncate(self._descriptor, len(data))
        except OSError:
            return False
        self._stays = True
        return True

    def close_in_child(self) -> None:
        """Let go of the descriptor in a forked child; the lock itself stays with the runner."""
        os.close(self._descriptor)

    def release(self) -> None:
        """End the run: the file goes first, so that nobody finds it free."""
        try:
            if not self._stays:
                os.unlink(self._path)
        except FileNotFoundError:
            pass
        os.close(self._descriptor)


class NamedLock:
    """A lock of one run at a time; its file names the run that holds it."""

    __slots__ = ("_descriptor", "holder", "path")

    def __init__(self, path: str) -> None:
        """Try to take the lock; `holder` is None then, or the run in the way."""
        self.path = path
        self._descriptor = open_private(path, _FLAGS)
        self.holder: str | None = None
        self.take()

    def take(self) -> bool:
        """Try to take the lock once more; return whether it is ours now."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            named = os.pread(self._descriptor, 64, 0).decode("ascii", "replace").strip()
            self.holder = named or "unknown"
            return False
        self.holder = None
        return True

    def name_holder(self, run_id: str) -> None:
        """Write which run holds the lock."""
        os.pwrite(self._descriptor, run_id.encode() + b"\n", 0)

    def release(self) -> None:
        """Let the lock go; the file stays, because the next one opens it by its name."""
        os.close(self._descriptor)

    def close_in_child(self) -> None:
        """Let go of the descriptor in a forked child; the lock itself stays with the runner."""
        os.close(self._descriptor)


class TaskLock(NamedLock):
    """One run of a task at a time."""

    __slots__ = ()

    def __init__(self, lock_dir: str, task: str) -> None:
        """Try to take the lock of a task."""
        super().__init__(task_lock_path(lock_dir, task))


def _take(descriptor: int) -> bool:
    """Take a lock that only its run may hold for long: a reader may just be trying it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN_TRIES_SECONDS)
        else:
            return True
    return False


def dead_runs(lock_dir: str) -> list[dict[str, Any]]:
    """Return what the files of dead runs say: those whose lock nobody holds."""
    directory = runs_directory(lock_dir)
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    locks = sorted(name for name in names if name.endswith(LOCK))
    found = (_record_of_the_dead(directory, name) for name in locks)
    return [record for record in found if record is not None]


def _record_of_the_dead(directory: str, name: str) -> dict[str, Any] | None:
    try:
        descriptor, _status = open_plain(os.path.join(directory, name), os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        record = loads(os.pread(descriptor, 1 << 20, 0).decode("utf-8", "replace"))
    except (BlockingIOError, ValueError):
        return None
    finally:
        os.close(descriptor)
    return record if isinstance(record, dict) else None

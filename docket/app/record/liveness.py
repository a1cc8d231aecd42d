"""Whether a run that is recorded as running really runs: its lock is the fact, not its row."""

from __future__ import annotations

import fcntl
import os

from docket.app.catalog.planfiles import read_plan
from docket.files import is_ours, open_plain, read_plain
from docket.model.jsontext import loads
from docket.model.records import RunRecord
from docket.model.rows import RunRow
from docket.model.states import Trigger
from docket.paths import Paths
from docket.runfiles import LOCK, boot_id, run_file, runs_directory


def is_alive(run: RunRecord, lock_dir: str) -> bool | None:
    """Whether somebody holds the run's lock; None if that is not known here.

    A run that is over is not asked about: None.
    """
    if run.status.final:
        return None
    if is_of_another_boot(run, lock_dir):
        return False
    held = is_held(run_file(lock_dir, run.run_id, LOCK))
    if held is None and run.pid is not None and not os.path.exists(f"/proc/{run.pid}"):
        return False
    if held is None and run.boot_id is None and run.trigger is Trigger.ASYNC:
        from docket.store.takeover.reference import is_at_work  # noqa: PLC0415  (right after a take-over)

        return is_at_work(run.run_id, run.pid) or None
    return held


def is_of_another_boot(run: RunRecord, lock_dir: str) -> bool:
    """Whether the machine went down since the run began.

    In a container a unit with a /proc of its own reads the boot id of the machine around it. But
    what lies in /run was made since the container came up, so the run's lock is the better witness.
    """
    if run.boot_id in (None, boot_id()):
        return False
    lock = run_file(lock_dir, run.run_id, LOCK)
    return not (lock.startswith("/run/") and os.path.lexists(lock))


def alive_here(run: RunRecord, paths: Paths) -> bool | None:
    """Return `is_alive` of a run of this home; its task's plan knows where its locks are."""
    return is_alive(run, lock_dir_of(paths, run.task))


def lock_dir_of(paths: Paths, task: str) -> str:
    """Return where the locks of a task are: its plan knows."""
    plan = read_plan(paths, task)
    return plan.lock_dir if plan is not None else paths.lock_dir


def leftovers_owner(paths: Paths, task: str) -> int | None:
    """Return the user of the task's processes, if its plan names one that exists."""
    plan = read_plan(paths, task)
    if plan is None or plan.run_as is None:
        return None
    import pwd  # noqa: PLC0415  (tasks with `user`)

    name = plan.run_as.user
    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def await_release(path: str) -> bool:
    """Sleep in the kernel until nobody holds the lock at `path`; False if no lock is there.

    A runner removes the file before it lets go, so a lock that is there is held or its runner died.
    """
    try:
        descriptor, _status = open_plain(path)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
    return True


def is_held(path: str) -> bool | None:
    """Whether somebody holds the lock of the file at `path`; None if there is no such file."""
    try:
        descriptor, _status = open_plain(path)
    except OSError:
        return None  # ended meanwhile, or its locks are elsewhere
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def held_runs(lock_dir: str) -> list[str]:
    """Return the ids of the runs whose locks are held, in order."""
    return _runs_with_lock(lock_dir, held=True)


def dead_rows(lock_dir: str) -> list[RunRow]:
    """Return the rows in the locks that nobody holds: their runners died without a word."""
    return unwritten_rows(lock_dir, _runs_with_lock(lock_dir, held=False))


def _runs_with_lock(lock_dir: str, *, held: bool) -> list[str]:
    directory = runs_directory(lock_dir)
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [
        name.removesuffix(LOCK)
        for name in names
        if name.endswith(LOCK) and is_held(os.path.join(directory, name)) is held
    ]


def unwritten_rows(lock_dir: str, run_ids: list[str]) -> list[RunRow]:
    """Return the rows that the locks of these runs hold; what is not a row of ours is left out."""
    found = (_row_in_lock(run_file(lock_dir, run_id, LOCK)) for run_id in run_ids)
    return [row for row in found if row is not None]


def _row_in_lock(path: str) -> RunRow | None:
    try:
        data, status = read_plain(path)
        record = loads(data.decode())
        row = RunRow(**record)
    except (OSError, ValueError, TypeError):
        return None
    is_known = row.trigger in list(Trigger) and path.endswith(f"/{row.run_id}{LOCK}")
    return row if is_known and is_ours(status) else None

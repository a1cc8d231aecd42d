"""The files of a run in the runtime directory, listed once: `runs/RUN_ID` and a suffix each."""

from __future__ import annotations

import os

LOCK = ".lock"  # held by the runner to the end; holds the row as JSON
REQUEST = ".request"  # what the run is given when it starts: may hold secret parameters
CANCEL = ".cancel"  # its presence is a request to cancel the run
RESULT = ".result"  # what DOCKET_RESULT_FILE names, written by the task
DETAILS = ".details"  # what DOCKET_DETAILS_FILE names, read by hooks

CREDENTIALS_NAME = "credentials"  # in what is handed over
RESULT_NAME = "result"  # in the directory that is made for a task of another user
_LARGE_FILES = "/var/tmp"  # noqa: S108  (what is in it is made and judged by its owner)

# What is in the directory of locks, beside the lock of installs.
_IN_LOCK_DIR = ("elapses", "groups", "handover", "runs", "spool", "tasks", "trials")
_OWN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
BESIDE_THE_LOCK = (REQUEST, CANCEL, RESULT, DETAILS)
ALL = (*BESIDE_THE_LOCK, LOCK)


def boot_id() -> str | None:
    """Return the id of the machine's present boot, which a run's row and lock file carry."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def shared_directories(state_db: str, log_dir: str, lock_dir: str) -> tuple[str, ...]:
    """Return the directories that all runs of a home find by their names.

    A confined run can write to those above them. It must not put a link in the place of one, which
    runs and commands outside of its sandbox would follow: so each is bound into the sandbox.
    """
    spool = os.path.join(os.path.dirname(state_db), "spool")
    return (log_dir, spool, lock_dir, *(os.path.join(lock_dir, name) for name in _IN_LOCK_DIR))


def handover_directory(lock_dir: str, run_id: str) -> str:
    """Return the directory of the files that a run hands to a task of another user, and back.

    The user can pass through `lock_dir` to it, and not see what else there is.
    """
    return os.path.join(lock_dir, "handover", run_id)


def new_result_directory(run_id: str) -> str:
    """Return where the directory of the file for the result of another user's task is to be made.

    It is root's, on a file system that the user may fill anyway: whoever fills /run stops the
    machine. Nobody knows its name beforehand, though units show the ids of runs that wait.
    """
    return f"{_LARGE_FILES}/{_result_prefix(run_id)}{os.urandom(8).hex()}"


def result_directories(run_id: str) -> list[str]:
    """Return the directories for the results of a run; other users can have made some of them."""
    prefix = _result_prefix(run_id)
    try:
        names = os.listdir(_LARGE_FILES)
    except OSError:
        return []
    return [f"{_LARGE_FILES}/{name}" for name in names if name.startswith(prefix)]


def _result_prefix(run_id: str) -> str:
    return f"docket-{run_id}-"


def runs_directory(lock_dir: str) -> str:
    """Return the directory of the files of runs."""
    return os.path.join(lock_dir, "runs")


def run_file(lock_dir: str, run_id: str, kind: str) -> str:
    """Return the path of one file of a run."""
    return os.path.join(lock_dir, "runs", run_id + kind)


def is_cancelled(lock_dir: str, run_id: str) -> bool:
    """Whether a cancel of the run was requested."""
    return os.path.lexists(run_file(lock_dir, run_id, CANCEL))


def remove_run_files(lock_dir: str, run_id: str, kinds: tuple[str, ...] = ALL) -> None:
    """Remove the files of a run that is over; one that cannot be removed stays."""
    for kind in kinds:
        discard(run_file(lock_dir, run_id, kind))
    remove_handover(handover_directory(lock_dir, run_id))
    if os.geteuid() == 0:
        remove_results(run_id)


def remove_handover(directory: str) -> None:
    """Remove what a run handed over; through a link that somebody put there, nothing."""
    _remove_own(directory)


def remove_results(run_id: str) -> None:
    """Remove the result file and its directory, and nothing that another user put there."""
    for directory in result_directories(run_id):
        _remove_own(directory)


def _remove_own(name: str, above: int | None = None) -> None:
    """Remove a directory of the caller's and the files in it, and those in its credentials."""
    try:
        descriptor = os.open(name, _OWN_DIRECTORY, dir_fd=above)
    except OSError:
        return
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return
        for inside in os.listdir(descriptor):
            if inside == CREDENTIALS_NAME:
                _remove_own(inside, descriptor)
            discard(inside, descriptor)
    finally:
        os.close(descriptor)
    discard(name, above)


def discard(path: str, above: int | None = None) -> None:
    """Remove a file, a link or an empty directory, if that can be done.

    With `above`, a descriptor, `path` is seen from that directory.
    """
    for remove in (os.unlink, os.rmdir):
        try:
            return remove(path, dir_fd=above)
        except FileNotFoundError:
            return None
        except OSError:
            continue
    return None


def runs_with_files(lock_dir: str) -> list[str]:
    """Return the ids of the runs that have files, in order."""
    try:
        names = os.listdir(runs_directory(lock_dir))
    except OSError:
        return []
    stems = (name.rpartition(".") for name in names)
    return sorted({stem for stem, dot, kind in stems if stem and dot + kind in ALL})

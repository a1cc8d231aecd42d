"""The drop-in files of a home: which there are, and which may be imported."""

from __future__ import annotations

import os
import stat

from docket.config.yaml.safety import refuse_if_others_can_write
from docket.errors import UnsafeFileError
from docket.files import LARGEST_BYTES
from docket.model.task.taskclass import BrokenTaskClass
from docket.tasks.targets import DropIn


def drop_ins(task_dir: str) -> list[DropIn | BrokenTaskClass]:
    """Return the files in `task_dir` that may hold tasks, by name; [] if there is no directory.

    A file that others could have written is broken: it is never imported.
    """
    return [_safe(path) for path in _files(task_dir)]


def _files(task_dir: str) -> list[str]:
    try:
        names = os.listdir(task_dir)
    except OSError:  # a directory that is missing or unreadable holds no task that could run
        return []
    files = {name for name in names if name.endswith(".py") and not name.startswith((".", "__"))}
    # `test_x.py` beside `x.py` is its test, and imports what tests import; without `x.py` it is a
    # task.
    tests = {name for name in files if name.removeprefix("test_") in files - {name}}
    paths = [os.path.join(task_dir, name) for name in sorted(files - tests - {"conftest.py"})]
    return [path for path in paths if not os.path.isdir(path)]


def _safe(path: str) -> DropIn | BrokenTaskClass:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return _refused(path, f"{path} cannot be read: it is not a regular file", None)
        if status.st_size > LARGEST_BYTES:
            size = f"{path} cannot be read: it is larger than {LARGEST_BYTES >> 20} MiB"
            return _refused(path, size, "split it, or keep its data in a file of another name")
        refuse_if_others_can_write(path, status)
    except UnsafeFileError as error:
        return _refused(path, error.sentence, error.hint, error.code)
    except OSError as error:
        return _refused(path, f"{path} cannot be read: {error.strerror}", None)
    return DropIn(path)


def _refused(
    path: str, sentence: str, hint: str | None, code: str = "task.broken"
) -> BrokenTaskClass:
    return BrokenTaskClass(DropIn(path).guessed_name, path, sentence, None, hint, code)

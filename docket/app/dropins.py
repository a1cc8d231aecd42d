"""The drop-in Python tasks of a home, and its configuration together with them."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from docket import __version__
from docket.app.wholefiles import make_directory, read_whole, write_whole
from docket.config import loader
from docket.config.safety import refuse_if_others_can_write
from docket.errors import UnsafeFileError
from docket.model.jsontext import dumps, loads
from docket.model.task import Config
from docket.model.taskclass import BrokenTaskClass, TaskClass
from docket.paths import Paths
from docket.tasks import probe

_CACHE_VERSION = 1


def load_home(paths: Paths, environ: Mapping[str, str], *, fresh: bool = False) -> Config:
    """Return the configuration of a home with its drop-in tasks.

    The errors are those of `docket.config.loader.load`. With `fresh`, every drop-in file is
    imported anew (in a child), whatever is remembered of it.
    """
    document = loader.parse(paths, environ)
    if document.unreadable:
        return loader.resolve(document)
    drop_ins = discover(paths, document.settings.task_dir, environ, fresh=fresh)
    return loader.resolve(document, drop_ins)


def discover(
    paths: Paths, task_dir: str, environ: Mapping[str, str], *, fresh: bool = False
) -> Sequence[TaskClass | BrokenTaskClass]:
    """Return what the files in `task_dir` hold, by file name; [] where there is no directory.

    A file is imported only when it has changed since its metadata was remembered, and never where
    others could have written it.
    """
    files = _files(task_dir)
    if not files:
        return []
    cache = _Cache(os.path.join(paths.home, "plans", ".dropins.json"), paths)
    found: dict[str, list[TaskClass | BrokenTaskClass]] = {}
    unknown: dict[str, list[int]] = {}
    for path in files:
        try:
            identity = _identity(path, paths)
        except UnsafeFileError as error:
            found[path] = [_refused(path, error.sentence, error.hint, error.code)]
            continue
        except OSError as error:
            found[path] = [_refused(path, f"{path} cannot be read: {error.strerror}", None)]
            continue
        known = None if fresh else cache.known(path, identity)
        if known is None:
            unknown[path] = identity
        else:
            found[path] = known
    if unknown:
        for probed in probe.probe(list(unknown), environ):
            found[probed.path] = list(probed.drop_ins)
            # What fails may fail for want of a module that is there tomorrow; only a file that
            # cost the whole deadline is remembered, or each command would pay for it again.
            if probed.hung or not any(isinstance(d, BrokenTaskClass) for d in probed.drop_ins):
                cache.remember(probed.path, unknown[probed.path], found[probed.path])
    cache.save()
    return [drop_in for path in files for drop_in in found[path]]


def _files(task_dir: str) -> list[str]:
    try:
        names = sorted(os.listdir(task_dir))
    except OSError:  # no directory; one that cannot be read holds nothing that could be run
        return []
    paths = [os.path.join(task_dir, name) for name in names if _is_task_file(name)]
    return [path for path in paths if not os.path.isdir(path)]


def _is_task_file(name: str) -> bool:
    return name.endswith(".py") and not name.startswith((".", "__"))


def _identity(path: str, paths: Paths) -> list[int]:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")
    refuse_if_others_can_write(path, status, user_home=paths.user_home)
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


def _refused(
    path: str, sentence: str, hint: str | None, code: str = "task.broken"
) -> BrokenTaskClass:
    return BrokenTaskClass(probe.guessed_name(path), path, sentence, None, hint, code)


class _Cache:
    """What is remembered of drop-in files between commands; losing it costs only time."""

    def __init__(self, file: str, paths: Paths) -> None:
        self._file = file
        self._stamp = [_CACHE_VERSION, __version__, sys.version, sys.executable]
        self._files: dict[str, Any] = self._read(paths)
        self._changed = False

    def known(self, path: str, identity: list[int]) -> list[TaskClass | BrokenTaskClass] | None:
        """Return what `path` held when it had this identity, or None."""
        entry = self._files.get(path)
        if not isinstance(entry, dict) or entry.get("identity") != identity:
            return None
        try:
            good = [TaskClass(**self._tupled(part)) for part in entry["good"]]
            return [*good, *(BrokenTaskClass(**part) for part in entry["broken"])]
        except (KeyError, TypeError):
            return None

    def remember(
        self, path: str, identity: list[int], found: Sequence[TaskClass | BrokenTaskClass]
    ) -> None:
        """Keep what `path` holds while it has this identity."""
        self._files[path] = {
            "identity": identity,
            "good": [asdict(part) for part in found if isinstance(part, TaskClass)],
            "broken": [asdict(part) for part in found if isinstance(part, BrokenTaskClass)],
        }
        self._changed = True

    def save(self) -> None:
        """Write the cache where it changed; a place that cannot be written is no error."""
        gone = [path for path in self._files if not os.path.exists(path)]
        for path in gone:
            del self._files[path]
        if not (self._changed or gone):
            return
        text = dumps({"stamp": self._stamp, "files": self._files}) + "\n"
        with contextlib.suppress(OSError):
            make_directory(os.path.dirname(self._file), 0o700)
            write_whole(self._file, text, 0o600)

    def _read(self, paths: Paths) -> dict[str, Any]:
        try:
            status = os.stat(self._file)
            refuse_if_others_can_write(self._file, status, user_home=paths.user_home)
            document = loads(read_whole(self._file) or "")
        except (OSError, ValueError, RecursionError, UnsafeFileError):
            return {}
        if not isinstance(document, dict) or document.get("stamp") != self._stamp:
            return {}
        files = document.get("files")
        return files if isinstance(files, dict) else {}

    @staticmethod
    def _tupled(part: Mapping[str, Any]) -> dict[str, Any]:
        return {**part, "required_env": tuple(part["required_env"])}

"""The config as `docket install` loaded it, remembered with everything that it depends on.

Commands that only show things take it from here and load neither YAML nor schema, as long as
nothing has changed: the config file, the drop-in files and those that they import, the packages
that register tasks, the variables that paths are made of, and this Docket. Losing it costs time.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docket import __version__
from docket.app.catalog.dropins import drop_ins
from docket.app.catalog.entrypoints import entry_points
from docket.app.catalog.planfiles import is_fresh
from docket.config.partfiles import part_files
from docket.config.yaml.safety import refuse_if_others_can_write, refuse_unsafe_places
from docket.errors import UnsafeFileError
from docket.files import read_plain, write_volatile
from docket.model.jsontext import dumps, loads
from docket.model.plan import Source
from docket.model.task.packing import pack, unpack
from docket.model.task.task import Config
from docket.paths import Paths

_VERSION = 1
_PLACES = ("system", "home", "config", "instance_key", "state_db", "log_dir", "user_home")
_LARGEST_BYTES = 64 * 1024 * 1024


class NotedEnviron(Mapping[str, str]):
    """An environment that notes what `get` was asked for, and what it answered."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.asked: dict[str, str | None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """Return a variable, and note it."""
        self.asked[name] = self._environ.get(name)
        return self._environ.get(name, default)

    def __getitem__(self, name: str) -> str:
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def remember(
    paths: Paths, config: Config, variables: Mapping[str, str | None], sources: Sequence[Source]
) -> None:
    """Keep a config without mistakes; if nothing can be written, that is not an error.

    `variables` are those that it was loaded with, `sources` what its files were before that: if
    one changed meanwhile, nothing is kept.
    """
    if config.problems:
        return
    files = _files(paths, config)
    depends = _depends(paths, config.task_dir, files)
    if not is_fresh(sources):
        return
    with contextlib.suppress(OSError, ValueError):
        document = {
            "variables": dict(variables),
            "task_dir": config.task_dir,
            "files": files,
            "depends": depends,
            "config": pack(config),
        }
        write_volatile(_path(paths), (dumps(document) + "\n").encode())


def forget(paths: Paths) -> None:
    """Forget the remembered config."""
    with contextlib.suppress(OSError):
        os.unlink(_path(paths))


def remembered(paths: Paths, environ: Mapping[str, str]) -> Config | None:
    """Return the config as it was loaded last; None if anything changed since."""
    try:
        data, status = read_plain(_path(paths), _LARGEST_BYTES)
        refuse_if_others_can_write(_path(paths), status)
        document = loads(data.decode())
        if any(environ.get(name) != value for name, value in document["variables"].items()):
            return None
        if document["depends"] != _depends(paths, document["task_dir"], document["files"]):
            return None
        for file in (paths.config, *part_files(paths.part_dirs)):
            refuse_if_others_can_write(file, os.stat(file))
        config = unpack(document["config"])
        if isinstance(config, Config):
            refuse_unsafe_places(config.state_db, config.log_dir)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    except UnsafeFileError:
        return None  # the loader says what is wrong
    return config if isinstance(config, Config) else None


def _path(paths: Paths) -> str:
    return os.path.join(paths.plan_dir, ".config.json")


def _files(paths: Paths, config: Config) -> list[str]:
    tasks = (*config.tasks.values(), *config.unusable.values())
    return sorted({paths.config, *(source for task in tasks for source in task.sources)})


def _depends(paths: Paths, task_dir: str, files: list[str]) -> list[str]:
    """Return what a config depends on beside variables, each as a line of text."""
    found = [*entry_points(), *drop_ins(task_dir)]
    parts = part_files(paths.part_dirs)
    files = [*files, *(each.path for each in found), *(p for p in parts if p not in files)]
    return [
        f"{_VERSION} {__version__} {sys.executable} {sys.version}",
        *(f"{name}={getattr(paths, name)}" for name in _PLACES),
        *map(repr, found),
        *(f"{path} {_identity(path)}" for path in files),
    ]


def _identity(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "missing"
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"

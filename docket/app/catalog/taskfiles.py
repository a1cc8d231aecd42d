"""The files that a task's runs read beside its config: environment files and credentials."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from docket.config.yaml.safety import refuse_if_others_can_replace
from docket.errors import UnsafeFileError
from docket.files import LARGEST_BYTES, read_plain
from docket.model.text.envfile import EnvironmentFileError, doubtful_lines, parse_environment
from docket.model.text.secretnames import names_a_secret

if TYPE_CHECKING:
    from docket.model.task.task import Task

_MOST_LINES = 3
_READ = stat.S_IRGRP | stat.S_IROTH
_WRITE = stat.S_IWGRP | stat.S_IWOTH


def missing_files(task: Task) -> Iterator[str]:
    """Yield a sentence for each file without which the task's runs fail."""
    for path in task.env_files:
        why = _unusable(path)
        if why is not None:
            yield f"the environment file {path} {why}."
    yield from missing_credentials((one.name, one.source) for one in task.credentials)


def _unusable(path: str) -> str | None:
    """Return why the runner refuses an environment file, without opening it: it may be a pipe."""
    try:
        status = os.stat(path)
    except OSError:
        return "cannot be read"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > LARGEST_BYTES:
        return f"is larger than {LARGEST_BYTES // 1024**2} MiB"
    return None if os.access(path, os.R_OK) else "cannot be read"


def missing_credentials(credentials: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a sentence for each credential (name, source) whose file is not there."""
    for name, source in credentials:
        if source.startswith("/") and not os.access(source, os.R_OK):
            yield f"the credential {name} cannot be read: {source} is not there, or not readable."


def exposed_files(task: Task) -> Iterator[str]:
    """Yield a sentence for each file with a secret of a task that others can read or change.

    Others may read an environment file that holds no secret, and never change one.
    """
    for path in task.env_files:
        words = _exposed(path, secret=_holds_a_secret(path, task.secrets))
        if words:
            yield f"the environment file {path} {words}"
    for one in task.credentials:
        words = _exposed(one.source, secret=True) if one.source.startswith("/") else ""
        if words:
            yield f"the credential {one.name}, {one.source}, {words}"


def refuse_files_of_others(task: Task) -> None:
    """Raise UnsafeFileError if another user can change a file that root reads for a task.

    A link would hand that user what only root can read.
    """
    credentials = [one.source for one in task.credentials if one.source.startswith("/")]
    for key, paths in (("env_file", task.env_files), ("credentials", credentials)):
        for path in paths:
            try:
                refuse_if_others_can_replace(path)
            except UnsafeFileError as error:
                error.facts["key"] = key
                raise


def _exposed(path: str, *, secret: bool) -> str:
    """Return who else can get at a file and what to do about it; "" if nobody can."""
    try:
        found = os.stat(path)
    except OSError:
        return ""  # missing_files() names it
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to user {found.st_uid}, who can change it: chown {os.geteuid()} {path}"
    others = stat.S_IRWXO if found.st_gid == found.st_uid else stat.S_IRWXO | stat.S_IRWXG
    readable = bool(found.st_mode & others & _READ) and secret
    writable = bool(found.st_mode & others & _WRITE)
    if not readable and not writable:
        return ""
    can = "read and changed" if readable and writable else "changed" if writable else "read"
    mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
    return f"can be {can} by others ({mode}): chmod {'600' if secret else 'go-w'} {path}"


def _holds_a_secret(path: str, secrets: tuple[str, ...]) -> bool:
    try:
        data, _status = read_plain(os.path.realpath(path))
        names = list(parse_environment(data))
    except (OSError, EnvironmentFileError):
        return False
    return any(name in secrets or names_a_secret(name) for name in names)


def doubtful_files(task: Task) -> Iterator[str]:
    """Yield a sentence for each line that systemd probably reads differently than meant."""
    for path in task.env_files:
        try:
            data, _status = read_plain(os.path.realpath(path))
            lines = list(doubtful_lines(data))
        except EnvironmentFileError as error:
            yield f"systemd passes over the whole environment file {path}: {error}."
            continue
        except OSError:  # missing_files() names it
            continue
        for line in lines[:_MOST_LINES]:
            yield f"In the environment file {path}, {line}."
        if len(lines) > _MOST_LINES:
            left = len(lines) - _MOST_LINES
            yield f"In the environment file {path}, {left} further lines are doubtful."

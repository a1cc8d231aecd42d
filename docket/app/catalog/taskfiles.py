"""The files that a task's runs read beside its config: environment files and credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.files import read_plain
from docket.model.text.envfile import EnvironmentFileError, doubtful_lines

if TYPE_CHECKING:
    from docket.model.task.task import Task

_MOST_LINES = 3


def missing_files(task: Task) -> Iterator[str]:
    """Yield a sentence for each file without which the task's runs fail."""
    for path in task.env_files:
        if not os.access(path, os.R_OK):
            yield f"the environment file {path} cannot be read."
    yield from missing_credentials(task.credentials)


def missing_credentials(credentials: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Yield a sentence for each credential whose file is not there."""
    for name, source in credentials:
        if source.startswith("/") and not os.access(source, os.R_OK):
            yield f"the credential {name} cannot be read: {source} is not there, or not readable."


def doubtful_files(task: Task) -> Iterator[str]:
    """Yield a sentence for what systemd does not read in a file as its writer may have meant."""
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

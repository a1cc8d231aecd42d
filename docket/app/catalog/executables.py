"""Where a task's program is: user units start with a bare PATH, so it is looked up beforehand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from docket.config.yaml.safety import refuse_if_others_can_replace
from docket.errors import UnsafeFileError

_BARE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def search_path(environ: Mapping[str, str], *, system: bool) -> str:
    """Return PATH of `environ` without its relative and repeated directories.

    In the system scope without those too in which another user could put a program: it would run
    as root each night.
    """
    kept: dict[str, None] = {}
    for directory in environ.get("PATH", "").split(":"):
        usable = directory.startswith("/") and "\n" not in directory
        if usable and (not system or _is_closed_to_others(directory)):
            kept[directory] = None
    return ":".join(kept) or _BARE_PATH


def _is_closed_to_others(directory: str) -> bool:
    try:
        refuse_if_others_can_replace(directory)
    except UnsafeFileError:
        return False
    return True


class Executables:
    """Finds programs, each one once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str | None] = {}

    def find(self, word: str, path_variable: str, directory: str) -> str | None:
        """Return the absolute path of the program `word`, or None if there is none.

        A word with a slash is looked for from `directory`, any other along `path_variable`.
        """
        key = (word, directory if "/" in word else path_variable)
        if key not in self._found:
            self._found[key] = _find(word, path_variable, directory)
        return self._found[key]


def _find(word: str, path_variable: str, directory: str) -> str | None:
    if not word or "\0" in word:
        return None
    if "/" in word:
        path = os.path.join(directory, word)
        return path if os.path.isfile(path) and os.access(path, os.X_OK) else None
    return shutil.which(word, path=path_variable)

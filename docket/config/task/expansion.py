"""`~` and `${VAR}` in paths, expanded from an environment that is handed in."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping

from docket.config.task.entry import TaskEntry
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path
from docket.model.task.task import secret_path

_VARIABLE = re.compile(r"\$(\w+|\{[^{}$]*\})", re.ASCII)


class ExpansionError(ValueError):
    """A path that cannot be expanded; the text of the error is a sentence."""


class Expander:
    """Makes paths absolute; relative ones start at the directory of the config file."""

    def __init__(
        self,
        environ: Mapping[str, str],
        user_home: str,
        base: str,
        *,
        secret_dir: str,
        system: bool,
    ) -> None:
        """`system`: the paths are those of the system scope, not of one user."""
        self.system = system
        self._environ = environ
        self._user_home = user_home
        self._base = base
        self._secret_dir = secret_dir

    def path(self, written: str) -> str:
        """Return the absolute path that `written` means; raise ExpansionError."""
        return os.path.join(self._base, self.expanded(written))

    def expanded(self, written: str) -> str:
        """Return `written` expanded, which may be a relative path; raise ExpansionError."""
        return self._home(_VARIABLE.sub(self._variable, written))

    def at_home(self, home: str) -> Expander:
        """Return an expander for which `~` is `home`."""
        return Expander(
            self._environ, home, self._base, secret_dir=self._secret_dir, system=self.system
        )

    def beside(self, directory: str) -> Expander:
        """Return an expander that sees relative paths from `directory`."""
        return Expander(
            self._environ,
            self._user_home,
            directory,
            secret_dir=self._secret_dir,
            system=self.system,
        )

    def secret(self, name: str, *, encrypted: bool) -> str:
        """Return the absolute path of a secret that `docket secret set` keeps."""
        return secret_path(self._secret_dir, name, encrypted=encrypted)

    def _variable(self, match: re.Match[str]) -> str:
        name = match[1].strip("{}")
        value = self._environ.get(name)
        if not value:
            raise ExpansionError(f"the environment variable `{name}` is not set")
        return value

    def _home(self, path: str) -> str:
        if not path.startswith("~"):
            return path
        user, slash, rest = path[1:].partition("/")
        if not user:
            return self._user_home + slash + rest
        try:
            return pwd.getpwnam(user).pw_dir + slash + rest
        except (KeyError, UnicodeError):
            raise ExpansionError(f"there is no user `{user}`") from None


def expanded(entry: TaskEntry, expander: Expander, path: Path, text: str) -> str | None:
    """Return the absolute path that `text`, at `path` of a task, means; None if that is noted."""
    try:
        return expander.path(text)
    except ExpansionError as error:
        name = ".".join(map(str, path))
        entry.problem(path, f"`{name}`: {error}", hint="write the path out", code=Code.VARIABLE)
        return None

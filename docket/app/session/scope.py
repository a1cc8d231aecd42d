"""Which Docket home to use: the values of `--system`, `--home` and `--config`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from docket.errors import UsageError
from docket.model.record import Record
from docket.paths import Paths, discover


class SessionScope(Record):
    """One scope and home; None means what the environment says."""

    system: bool = False
    home: str | None = None
    config: str | None = None

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment with home and config in the place of its variables."""
        changed = dict(environ)
        if self.system or self.home is not None or self.config is not None:
            changed.pop("DOCKET_DATA_PATH", None)  # a run's own database, which was not asked for
        if self.home is not None:
            changed["DOCKET_HOME"] = self.home
            changed.pop("DOCKET_CONFIG", None)
        if self.config is not None:
            changed["DOCKET_CONFIG"] = self.config
        return changed

    def program(self) -> str:
        """Return how a shell calls this same Docket."""
        words = ["docket", *(["--system"] if self.system else [])]
        for option, value in (("--home", self.home), ("--config", self.config)):
            words += [option, value] if value is not None else []
        return shlex.join(words)

    def paths(self, environ: Mapping[str, str]) -> Paths:
        """Return the places of that home; nothing is created. Raises UsageError."""
        if self.system and self.home is not None:
            raise UsageError(
                "--system and --home exclude each other.",
                hint="the system scope has one home, /var/lib/docket; leave one of the two out",
            )
        for option, value in (("--home", self.home), ("--config", self.config)):
            if value is not None and (not value or "\0" in value):
                raise UsageError(f"{option} needs a path, and got an empty one.")
        return discover(environ, system=self.system, home=self.home, config=self.config)

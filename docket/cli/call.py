"""One call of the program: its environment, the options every command takes, and its session."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docket.errors import UsageError
from docket.paths import Paths, discover

if TYPE_CHECKING:
    from docket.app.session import Session
    from docket.cli.render.screen import Screen


@dataclass(slots=True)
class Call:
    """What was asked for beside the verb; filled while the command line is parsed."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    json: bool = False
    system: bool = False
    home: str | None = None
    config: str | None = None
    verbose: int = 0
    started: float = field(default_factory=time.monotonic)

    def effective_environ(self) -> dict[str, str]:
        """Return the environment with `--home` and `--config` in the place of its variables."""
        environ = dict(self.environ)
        if self.home is not None:
            environ["DOCKET_HOME"] = self.home
            environ.pop("DOCKET_CONFIG", None)
        if self.config is not None:
            environ["DOCKET_CONFIG"] = self.config
        return environ

    def program(self) -> str:
        """Return how to call this Docket again: with the options that say which one it is."""
        words = ["docket", *(["--system"] if self.system else [])]
        for option, value in (("--home", self.home), ("--config", self.config)):
            words += [option, value] if value is not None else []
        return shlex.join(words)

    def paths(self) -> Paths:
        """Return the places that the options and the environment name; nothing is created."""
        if self.system and self.home is not None:
            raise UsageError(
                "--system and --home exclude each other.",
                hint="the system scope has one home, /var/lib/docket; leave one of the two out",
            )
        for option, value in (("--home", self.home), ("--config", self.config)):
            if value is not None and (not value or "\0" in value):
                raise UsageError(f"{option} needs a path, and got an empty one.")
        return discover(self.environ, system=self.system, home=self.home, config=self.config)

    def session(self) -> Session:
        """Open the session that use cases take."""
        from docket.app.session import open_session  # noqa: PLC0415  (kept out of --help)

        paths = self.paths()
        self.note(f"home {paths.home}, config {paths.config}, units {paths.unit_dir}")
        return open_session(
            self.effective_environ(), system=self.system, home=self.home, config=self.config
        )

    def screen(self) -> Screen:
        """Return what standard output can show."""
        from docket.cli.render.screen import screen_of  # noqa: PLC0415  (kept out of --help)

        return screen_of(sys.stdout, self.environ, time.time_ns() // 1000, self.program())

    def note(self, sentence: str, level: int = 1) -> None:
        """Say something on standard error where `-v` was given often enough."""
        if self.verbose < level or sys.stderr is None:
            return
        from docket.cli.notes import write_note  # noqa: PLC0415  (only with -v)

        write_note(sentence, "INFO" if level == 1 else "DEBUG", as_json=self.json)

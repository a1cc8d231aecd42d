"""One call of the program: its environment, the options every command takes, and its session."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docket.app.session.scope import SessionScope
    from docket.app.session.session import Session
    from docket.cli.render.layout.screen import Screen
    from docket.paths import Paths


class Call:
    """The shared options; filled while the command line is parsed."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.environ = dict(os.environ) if environ is None else environ
        self.json = False
        self.system = False
        self.home: str | None = None
        self.config: str | None = None
        self.verbose = 0
        self.started = time.monotonic()
        self.notices: list[str] = []  # what use cases want said beside the answer

    def program(self) -> str:
        """Return how to call this Docket again: with the options that say which one it is."""
        return self._scope().program()

    def paths(self) -> Paths:
        """Return the places that the options and the environment name; nothing is created."""
        return self._scope().paths(self.environ)

    def session(self) -> Session:
        """Open the session that use cases take."""
        from docket.app.record.takeover import watch  # noqa: PLC0415  (as above)
        from docket.app.session.session import open_session  # noqa: PLC0415  (kept out of --help)
        from docket.cli.takeovernotes import Announcer  # noqa: PLC0415  (as above)

        watch(Announcer(as_json=self.json))
        session = open_session(self.environ, system=self.system, home=self.home, config=self.config)
        self.notices = session.notices
        paths = session.paths
        self.note(f"home {paths.home}, config {paths.config}, units {paths.unit_dir}")
        return session

    def screen(self) -> Screen:
        """Return what standard output can show."""
        from docket.cli.render.layout.screen import screen_of  # noqa: PLC0415  (kept out of --help)

        return screen_of(sys.stdout, self.environ, time.time_ns() // 1000, self.program())

    def note(self, sentence: str, level: int = 1) -> None:
        """Say something on standard error if `-v` was given often enough."""
        if self.verbose < level or sys.stderr is None:
            return
        from docket.cli.notes import write_note  # noqa: PLC0415  (only with -v)

        write_note(sentence, "INFO" if level == 1 else "DEBUG", as_json=self.json)

    def _scope(self) -> SessionScope:
        from docket.app.session.scope import SessionScope  # noqa: PLC0415  (kept out of --help)

        return SessionScope(self.system, self.home, self.config)

"""Homes and sessions for the tests of the server."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mcp.client import Session, begin, environment

Connect = Callable[..., Session]


def write_config(home: Path, text: str) -> None:
    """Write the config of a home."""
    (home / ".docket").mkdir(mode=0o700, exist_ok=True)
    path = home / ".docket" / "config.yaml"
    path.write_text(textwrap.dedent(text))
    path.chmod(0o600)


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Open sessions with servers of one home, which end with the test."""
    opened: list[Session] = []

    def open_session(
        config: str | None = None, *, protocol: str = "handshake", **environ: str
    ) -> Session:
        if config is not None:
            write_config(tmp_path, config)
        opened.append(begin(environment(tmp_path, **environ), protocol))
        return opened[-1]

    yield open_session
    for session in opened:
        session.die()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Session]:
    """One session for all tests of a module that leave nothing behind that others mind."""
    home = tmp_path_factory.mktemp("shared")
    write_config(home, request.module.CONFIG)
    session = begin(environment(home))
    yield session
    session.die()

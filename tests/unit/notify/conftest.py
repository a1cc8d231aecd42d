"""A home for `docket exec`, and a server for its notifications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.notify.loopback import Loopback
from tests.unit.runner.runner_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a Docket home in a directory of its own."""
    return Home(tmp_path / "home")


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Return a server that runs as long as the test."""
    with Loopback().serving() as loopback:
        yield loopback

"""A home for `docket exec`, fresh for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.runner.runner_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a Docket home in a directory of its own; its gates are open in the end."""
    home = Home(tmp_path / "home")
    yield home
    home.open_gates()

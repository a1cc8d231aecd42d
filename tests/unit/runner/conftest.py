"""A home for `docket exec`, fresh for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.runner.runner_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a Docket home in a directory of its own."""
    return Home(tmp_path / "home")

"""A Docket home of its own for every test of the configuration."""

from __future__ import annotations

import os

import pytest

from tests.unit.config.config_home import ConfigHome


@pytest.fixture
def home(own_home: str) -> ConfigHome:
    """An empty home without a configuration."""
    directory = os.path.join(own_home, ".docket")
    os.mkdir(directory, 0o700)
    return ConfigHome(own_home, directory)

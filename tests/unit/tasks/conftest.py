"""Homes for the tests of the built-in tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks.task_home import TaskHome


@pytest.fixture
def home(tmp_path: Path) -> TaskHome:
    return TaskHome(tmp_path)

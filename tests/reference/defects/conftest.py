"""A home and the real program in it, fresh for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference.defects.program import Program


@pytest.fixture
def docket(tmp_path: Path) -> Program:
    """Return the program in a home of its own."""
    return Program(tmp_path / "person")
